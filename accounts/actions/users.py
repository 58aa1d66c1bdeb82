"""Create users."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User


@transaction.atomic
def create_user(
    *, username: str, email: str, password: str, name: str = "", bio: str = "", link: str = "", is_admin: bool = False
) -> User:
    """Create a user with a confirmed e-mail address, for imports, the demo and tests; sign-up is allauth's."""
    user = User(
        username=username.lower(),
        email=email.lower(),
        name=name,
        bio=bio,
        link=link,
        is_staff=is_admin,
        is_superuser=is_admin,
    )
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user

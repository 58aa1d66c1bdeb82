"""Create and revoke personal access tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import User
from api_access.credentials import TOKEN_PREFIX, hash_secret
from api_access.models import PersonalToken
from common.limits import MAX_TOKENS
from common.refusals import Refusal


def create_token(person: User, *, name: str, may_write: bool, days: int) -> tuple[PersonalToken, str]:
    """Create a token for `person`; return it and its secret, whose hash alone is stored. Sends an e-mail.

    Deletes the user's invalid tokens. Raises Refusal if the name is in use or the user has MAX_TOKENS. Locks
    the user's row, so concurrent requests cannot exceed the limit.
    """
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            row = User.objects.lock(person.pk)
            valid = {token.pk for token in PersonalToken.objects.valid_for(row)}
            PersonalToken.objects.owned_by(row).exclude(pk__in=valid).delete()
            if len(valid) >= MAX_TOKENS:
                raise Refusal(f"You have {MAX_TOKENS} tokens, the maximum. Revoke one first.")
            token = PersonalToken.objects.create(
                person=row,
                name=name,
                digest=hash_secret(secret),
                may_write=may_write,
                session_hash=row.get_session_auth_hash(),
                expires_at=timezone.now() + timedelta(days=days),
            )
            transaction.on_commit(lambda: send_email("token_created", row, token=token), robust=True)
    except IntegrityError as error:
        raise Refusal("You already have a token with this name. Choose another name.", "name") from error
    return token, secret


def revoke_token(token: PersonalToken) -> bool:
    """Delete a token, effective at once; return True if it existed."""
    return bool(PersonalToken.objects.filter(pk=token.pk).delete()[0])

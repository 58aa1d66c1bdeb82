"""Register, edit and delete the apps of developers."""

from __future__ import annotations

import secrets

from django.db import IntegrityError, transaction

from accounts.models import User
from api_access.credentials import SECRET_PREFIX, hash_secret
from api_access.models import OAuthApp
from common.limits import MAX_APPS
from common.refusals import Refusal


def register_app(owner: User, *, name: str, redirect_uris: list[str], is_confidential: bool) -> tuple[OAuthApp, str]:
    """Register an app; return it and its secret ("" for a public app). Only the hash is stored.

    Raises Refusal if the name is in use or the owner has MAX_APPS. Locks the owner's row, so concurrent
    requests cannot exceed the limit.
    """
    secret = SECRET_PREFIX + secrets.token_urlsafe(32) if is_confidential else ""
    with transaction.atomic():
        User.objects.lock(owner.pk)
        if OAuthApp.objects.owned_by(owner).count() >= MAX_APPS:
            raise Refusal(f"You have {MAX_APPS} apps, the maximum. Delete one first.", "name")
        app = OAuthApp(
            owner=owner,
            client_id=secrets.token_urlsafe(24),
            secret_digest=hash_secret(secret) if secret else "",
        )
        _save(app, name, redirect_uris)
    return app, secret


@transaction.atomic
def edit_app(app: OAuthApp, *, name: str, redirect_uris: list[str]) -> None:
    """Change an app's name and redirect URIs; its codes and tokens stay valid. Raises Refusal."""
    _save(app, name, redirect_uris)


def rotate_secret(app: OAuthApp) -> str:
    """Replace the secret of a confidential app and return the new one; the old one stops working at once."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    OAuthApp.objects.filter(pk=app.pk).exclude(secret_digest="").update(secret_digest=hash_secret(secret))
    return secret


def delete_app(app: OAuthApp) -> bool:
    """Delete an app and all its grants; return True if it existed."""
    return bool(OAuthApp.objects.filter(pk=app.pk).delete()[0])


def _save(app: OAuthApp, name: str, redirect_uris: list[str]) -> None:
    app.name, app.redirect_uris = name, redirect_uris
    try:
        with transaction.atomic():
            app.save()
    except IntegrityError as error:
        raise Refusal("You already have an app with this name. Choose another name.", "name") from error

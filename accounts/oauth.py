"""Programs of others: apps that a developer registers, and what people let them do (OAuth 2 with PKCE).

`accounts.oauth_server` speaks the protocol, with oauthlib; here is what is kept. One row of OAuthGrant is one time that
a person let an app in: first with a code, then with the tokens that were given for it, of which there are only hashes.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.tokens import READ, WRITE, hash_secret, session_hash_matches
from common.ids import SnowflakeModel
from common.limits import MAX_APP_NAME_CHARS, MAX_APPS, MAX_GRANTS_OF_APP, MAX_REDIRECT_CHARS

ACCESS_PREFIX: Final = "efa_"
REFRESH_PREFIX: Final = "efr_"
SECRET_PREFIX: Final = "efs_"  # noqa: S105  (how one begins)
CODE_PREFIX: Final = "efc_"
CODE_SECONDS: Final = 60
ACCESS_SECONDS: Final = 3600
REFRESH_DAYS: Final = 90
"""After which an app that was not used is out, and has to ask again."""

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class AppRefusedError(ValueError):
    """Why an app is not registered so, in words; `field` is of the form."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class OAuthApp(SnowflakeModel):
    """A program that a developer registered. Lives on the developer's shard.

    One that can keep a secret (it runs on a server) proves with it who it is; one that cannot (on a phone, in a
    browser) has none, and PKCE alone.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="apps")
    name = models.CharField(max_length=MAX_APP_NAME_CHARS)
    client_id = models.CharField(max_length=64, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, blank=True, editable=False)
    """ "" of one that has no secret."""
    redirect_uris = ArrayField(models.CharField(max_length=MAX_REDIRECT_CHARS))

    class Meta:
        verbose_name = "app"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="app_names_are_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_confidential(self) -> bool:
        return bool(self.secret_digest)

    @property
    def is_active(self) -> bool:
        """Return False while the developer is suspended or deactivated: the app can do nothing then."""
        return self.owner.is_active and self.owner.deactivated_at is None

    def has_secret(self, secret: str) -> bool:
        return self.is_confidential and constant_time_compare(hash_secret(secret), self.secret_digest)

    def allows_redirect(self, uri: str) -> bool:
        """Return True if `uri` is one of the app's redirect URIs; loopback addresses match at any port (RFC 8252)."""
        own = self.redirect_uris
        local = _without_port(uri)
        return uri in own or (local is not None and local in map(_without_port, own))


class OAuthGrant(SnowflakeModel):
    """That `person` lets `app` in. Lives on the person's shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    app = models.ForeignKey(OAuthApp, models.CASCADE, related_name="grants")
    may_write = models.BooleanField()
    stamp = models.CharField(max_length=64, editable=False)
    """The person's session hash at that time: what ends all their sessions ends this at once."""

    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    """Kept after the code was given tokens for: a second time ends all of them, for one of two is a thief."""
    code_expires_at = models.DateTimeField(editable=False)
    redirect_uri = models.CharField(max_length=MAX_REDIRECT_CHARS, editable=False)
    challenge = models.CharField(max_length=128, editable=False)

    access_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  (unique)
    access_may_write = models.BooleanField(default=False, editable=False)
    access_expires_at = models.DateTimeField(null=True, editable=False)
    refresh_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    used_refresh_digest = models.CharField(max_length=64, null=True, db_index=True, editable=False)  # noqa: DJ001
    """Of the one before, which ends all of them when it comes again."""
    expires_at = models.DateTimeField()
    """Of the refresh token; before there is one, of the code."""
    last_used_at = models.DateTimeField(null=True, editable=False)
    """To the minute, and not from where."""

    class Meta:
        verbose_name = "app that was let in"
        # accounts.sweep: those whose time is over.
        indexes = [models.Index(fields=["expires_at"], name="grants_by_expiry")]

    def __str__(self) -> str:
        return f"{self.app_id} for {self.person_id}"

    @property
    def scopes(self) -> list[str]:
        return [READ, WRITE] if self.may_write else [READ]

    def is_valid(self) -> bool:
        """Return True if unexpired, the user's session hash is unchanged, and the app's owner is active.

        Needs `person` and `app.owner` selected.
        """
        return self.expires_at > timezone.now() and session_hash_matches(self.stamp, self.person) and self.app.is_active


# --- Of a developer ---------------------------------------------------------------------------------------------------


def redirect_uri_problem(uri: str) -> str:
    """Return the reason why `uri` cannot be a redirect URI, or "" if it can."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is no address."
    if len(uri) > MAX_REDIRECT_CHARS:
        return f"Use at most {MAX_REDIRECT_CHARS} characters."
    if not re.fullmatch(r"[!-~]+", uri) or "\\" in uri or "*" in uri:
        return "Use visible ASCII characters, no spaces, no backslash and no *."
    if "#" in uri or parts.username is not None or parts.password is not None:
        return "Leave out what follows #, and names and passwords."
    if parts.netloc and not _is_host(host or ""):
        return (
            "This is no host name: use letters, digits, dots and hyphens (xn--… for other scripts), or an IP address."
        )
    if parts.scheme == "https" and host:
        return ""
    if parts.scheme == "http":
        return "" if host in LOOPBACK else "Use https://; http:// is for 127.0.0.1 and [::1] alone."
    if "." in parts.scheme and not parts.netloc:
        return ""
    return "Begin with https://, or with the reversed name of a domain of yours, such as org.example.app:/"


def _is_host(host: str) -> bool:
    """Return True for an IP address or a host name in ASCII (RFC 1123: labels of letters, digits and hyphens)."""
    if ":" in host:
        try:
            return bool(IPv6Address(host))
        except ValueError:
            return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def origin_of(uri: str) -> str:
    """The origin of a redirect address, or its scheme if it has no host: as a source for a Content-Security-Policy.

    Built from the parsed parts and checked again, so an address stored before `redirect_uri_problem` checked hosts
    cannot inject a directive.
    """
    parts = urlsplit(uri)
    if not parts.netloc:
        return f"{parts.scheme}:"
    host = parts.hostname or ""
    if not _is_host(host):
        raise ValueError("no host")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{parts.port}' if parts.port else ''}"


def register_app(owner: User, *, name: str, redirect_uris: list[str], is_confidential: bool) -> tuple[OAuthApp, str]:
    """An app of `owner` and its secret, which nobody can find out again ("" if it has none). Raises AppRefusedError.

    The owner's row is locked, so that two requests at once make no more than MAX_APPS.
    """
    secret = SECRET_PREFIX + secrets.token_urlsafe(32) if is_confidential else ""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if OAuthApp.objects.filter(owner=owner).count() >= MAX_APPS:
            raise AppRefusedError(f"You have {MAX_APPS} apps, which is as many as there can be. Delete one.", "name")
        app = OAuthApp(
            owner=owner,
            client_id=secrets.token_urlsafe(24),
            secret_digest=hash_secret(secret) if secret else "",
        )
        _save(app, name, redirect_uris)
    return app, secret


@transaction.atomic
def edit_app(app: OAuthApp, *, name: str, redirect_uris: list[str]) -> None:
    """Raises AppRefusedError. Codes and tokens that were given stay."""
    _save(app, name, redirect_uris)


def rotate_secret(app: OAuthApp) -> str:
    """Replace the secret of a confidential app and return the new one; the old one stops working at once."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    OAuthApp.objects.filter(pk=app.pk).exclude(secret_digest="").update(secret_digest=hash_secret(secret))
    return secret


def delete_app(app: OAuthApp) -> bool:
    """With all that people let it do; return whether it was there."""
    return bool(OAuthApp.objects.filter(pk=app.pk).delete()[0])


def _save(app: OAuthApp, name: str, redirect_uris: list[str]) -> None:
    app.name, app.redirect_uris = name, redirect_uris
    try:
        with transaction.atomic():
            app.save()
    except IntegrityError as error:
        raise AppRefusedError("You have an app of this name. Choose another name.", "name") from error


# --- Of people --------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_grant(
    person: User, app: OAuthApp, *, code: str, may_write: bool, redirect_uri: str, code_challenge: str
) -> OAuthGrant:
    """Create the grant of an authorization code; keep MAX_GRANTS_OF_APP per user and app."""
    row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    mine = OAuthGrant.objects.filter(person=row, app=app)
    for old in mine.order_by("-id")[MAX_GRANTS_OF_APP - 1 :]:
        old.delete()
    expires_at = timezone.now() + timedelta(seconds=CODE_SECONDS)
    return OAuthGrant.objects.create(
        person=row,
        app=app,
        may_write=may_write,
        stamp=row.get_session_auth_hash(),
        code_digest=hash_secret(code),
        code_expires_at=expires_at,
        redirect_uri=redirect_uri,
        challenge=code_challenge,
        expires_at=expires_at,
    )


def issue_tokens(grant: OAuthGrant, *, access: str, refresh: str, may_write: bool) -> None:
    """Replace the tokens of `grant`. The caller holds the lock of its row."""
    now = timezone.now()
    grant.used_refresh_digest = grant.refresh_digest
    grant.access_digest, grant.refresh_digest = hash_secret(access), hash_secret(refresh)
    grant.access_may_write = may_write and grant.may_write
    grant.access_expires_at = now + timedelta(seconds=ACCESS_SECONDS)
    grant.expires_at = now + timedelta(days=REFRESH_DAYS)
    grant.save()


def find_grant(field: str, secret: str, app: OAuthApp | None) -> OAuthGrant | None:
    """Return the grant of `app` whose `field` is the hash of `secret`, or None; locks its row."""
    rows = OAuthGrant.objects.select_for_update(of=("self",)).select_related("person", "app__owner")
    return rows.filter(**{field: hash_secret(secret)}, app=app).first()


def authorized_apps(person: User) -> list[OAuthApp]:
    """Return the apps with valid grants of `person`, with may_write, since and last_used_at; by name. One query."""
    is_current = Q(grants__person=person, grants__expires_at__gt=timezone.now(), grants__access_digest__isnull=False)
    is_current &= Q(grants__stamp__in=[person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()])
    apps = OAuthApp.objects.filter(is_current).annotate(
        may_write=Max(models.functions.Cast("grants__may_write", models.IntegerField()), filter=is_current),
        newest=Max("grants__id", filter=is_current),
        last_used_at=Max("grants__last_used_at", filter=is_current),
    )
    return list(apps.select_related("owner").order_by("name", "id"))


def revoke_app_access(person: User, app_id: int) -> bool:
    """Delete all grants of `person` to the app; return True if is_current were any."""
    return bool(OAuthGrant.objects.filter(person=person, app_id=app_id).delete()[0])


def delete_expired_grants(now: datetime | None = None) -> int:
    """Delete expired grants; return how many."""
    return OAuthGrant.objects.filter(expires_at__lte=now or timezone.now()).delete()[0]


def _without_port(uri: str) -> str | None:
    """An address on the device itself, whose port is another each time; None for all others."""
    try:
        parts = urlsplit(uri)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.username is not None:
            return None
        _ = parts.port
    except ValueError:
        return None
    return f"{parts.hostname}{parts.path}?{parts.query}#{parts.fragment}"

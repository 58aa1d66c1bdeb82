"""How somebody can be reached: the page and the API change it here. A change counts once it was confirmed."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from allauth.core.context import request_context
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.mobile import Mobile, PendingMobile, hash_number, normalize_number
from accounts.models import User
from common import sms
from common.limits import CODE_DIGITS, CODE_MINUTES, MAX_CODE_ATTEMPTS
from common.ratelimit import CODES, CODES_TO_ONE, CONTACT_CHANGES, Limit, seconds_to_wait
from common.ratelimit_responses import RateLimitedError
from common.refusals import Refusal
from common.sealing import keyed_hash, seal

# --- E-mail ---------------------------------------------------------------------------------------------------------


def change_email(person: User, address: str, *, request: HttpRequest) -> bool:
    """Mail a link to `address`, which becomes the person's once they follow it; False if it is theirs already.

    Another's address is answered as a free one: its owner alone gets to know. Replaces an earlier wish.
    """
    from accounts.forms import ChangeEmailForm  # The form of the page, which judges addresses for the API too.

    if address.strip().lower() == person.email:
        return False
    form = ChangeEmailForm(data={"email": address}, user=person)
    if not form.is_valid():
        raise Refusal(" ".join(form.errors["email"]), "email")
    _enforce_rate_limit("email", CONTACT_CHANGES, f"person:{person.pk}")
    # allauth reads the request from a context of its own, which its middleware sets for pages.
    with request_context(request):
        form.save(request)
    return True


# --- Mobile ---------------------------------------------------------------------------------------------------------


def mobile_number(person: User) -> str:
    """Return the confirmed number, or "". Show it to its owner only."""
    mobile = Mobile.objects.filter(person_id=person.pk).first()
    return mobile.number if mobile else ""


def find_pending_mobile(person: User) -> PendingMobile | None:
    """Return the number that waits for its code, or None if there is none or its code is dead."""
    waiting = PendingMobile.objects.filter(person_id=person.pk, expires_at__gt=timezone.now())
    return waiting.filter(attempts__lt=MAX_CODE_ATTEMPTS).first()


@sensitive_variables()
def change_mobile(person: User, number: str) -> bool:
    """Send a code to `number`, which becomes the person's by `confirm_mobile`; False if it is theirs already.

    Replaces an earlier pending number, and its code. "" removes the number. Raises Refusal if it is not a
    number, if asked too often, and when no message can be sent. Another's number is answered as a free one.
    """
    if not number.strip():
        return remove_mobile(person)
    normal = normalize_number(number)
    if normal is None:
        raise Refusal("Type a mobile number with its country code, such as +41 79 123 45 67.", "mobile")
    digest = hash_number(normal)
    if Mobile.objects.filter(person_id=person.pk, digest=digest).exists():
        return False
    if not sms.is_possible():
        raise Refusal("This site cannot send text messages, so numbers cannot be confirmed.", "mobile")
    _enforce_rate_limit("mobile", CODES, f"person:{person.pk}")
    _enforce_rate_limit("mobile", CODES_TO_ONE, f"number:{digest}")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    PendingMobile.objects.update_or_create(
        person_id=person.pk,
        defaults={
            "sealed": seal(normal),
            "digest": digest,
            "code_hash": _hash_of_code(person, digest, code),
            "attempts": 0,
            "expires_at": timezone.now() + timedelta(minutes=CODE_MINUTES),
        },
    )
    text = f"{code} is your code for {settings.SITE_NAME}. It works for {CODE_MINUTES} minutes. Tell it to nobody."
    try:
        sms.send_sms(normal, text)
    except OSError as error:
        raise Refusal("The message could not be sent. Try again in a moment.", "mobile") from error
    return True


@sensitive_variables()
def confirm_mobile(person: User, code: str) -> str:
    """Make the number to which `code` was sent the person's, and return it.

    A code is compared MAX_CODE_ATTEMPTS times at most, however many requests come at once (its row is locked), and is
    dead then, and after CODE_MINUTES. Every attempt is counted, also when the transaction around this one fails: do
    not call it in one.
    """
    pending = _count_attempt(person)
    if pending is None:
        raise Refusal("This code does not work any more. Ask for another one.", "code")
    if not hmac.compare_digest(pending.code_hash, _hash_of_code(person, pending.digest, "".join(code.split()))):
        left = MAX_CODE_ATTEMPTS - pending.attempts
        more = f"You can try {left} more time{'' if left == 1 else 's'}." if left else "Ask for another one."
        raise Refusal(f"That is not the code. {more}", "code")
    try:
        with transaction.atomic():
            if not PendingMobile.objects.filter(pk=pending.pk, code_hash=pending.code_hash).delete()[0]:
                raise Refusal("This code does not work any more. Ask for another one.", "code")
            Mobile.objects.update_or_create(
                person_id=person.pk,
                defaults={"sealed": pending.sealed, "digest": pending.digest, "confirmed_at": timezone.now()},
            )
    except IntegrityError as error:
        # Only to somebody who holds the phone.
        raise Refusal("Another account has this number. Remove it there first.", "code") from error
    return pending.number


@transaction.atomic
def remove_mobile(person: User) -> bool:
    """Forget the number, and the one that waits; return whether there was any."""
    gone = Mobile.objects.filter(person_id=person.pk).delete()[0]
    return bool(gone + PendingMobile.objects.filter(person_id=person.pk).delete()[0])


@transaction.atomic
def _count_attempt(person: User) -> PendingMobile | None:
    """Count an attempt before the code is compared; return the number, or None if there is none or its code is dead."""
    pending = (
        PendingMobile.objects.select_for_update().filter(person_id=person.pk, expires_at__gt=timezone.now()).first()
    )
    if pending is None or pending.attempts >= MAX_CODE_ATTEMPTS:
        return None
    pending.attempts += 1
    pending.save(update_fields=["attempts"])
    return pending


def _hash_of_code(person: User, digest: str, code: str) -> str:
    return keyed_hash("mobile-code", f"{person.pk}:{digest}:{code}")


def _enforce_rate_limit(field: str, limit: Limit, who: str) -> None:
    if seconds := seconds_to_wait(limit, who):
        raise RateLimitedError(limit, seconds, field)

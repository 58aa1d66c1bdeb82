"""Change e-mail addresses and mobile numbers. A change takes effect once it is confirmed."""

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

from accounts.forms.contact import ChangeEmailForm
from accounts.mobile_numbers import hash_number, normalize_number
from accounts.models import Mobile, PendingMobile, User
from common import sms
from common.limits import CODE_DIGITS, CODE_MINUTES, MAX_CODE_ATTEMPTS
from common.ratelimit import CODES, CODES_TO_ONE, CONTACT_CHANGES, Limit, seconds_to_wait
from common.ratelimit_responses import RateLimitedError
from common.refusals import Refusal
from common.sealing import keyed_hash, seal

# --- E-mail ---------------------------------------------------------------------------------------------------------


def change_email(person: User, address: str, *, request: HttpRequest) -> bool:
    """Send a link to `address`, which becomes the user's address when followed; return False if it already is.

    An address of another account is treated like a free one: only its owner is told. Replaces an earlier request.
    Raises Refusal if the address is invalid or changed too often.
    """
    if address.strip().lower() == person.email:
        return False
    form = ChangeEmailForm(data={"email": address}, user=person)
    if not form.is_valid():
        raise Refusal(" ".join(form.errors["email"]), "email")
    _enforce_rate_limit("email", CONTACT_CHANGES, f"person:{person.pk}")
    # allauth reads the request from a context variable, which its middleware sets only for pages.
    with request_context(request):
        form.save(request)
    return True


# --- Mobile ---------------------------------------------------------------------------------------------------------


def mobile_number(person: User) -> str:
    """Return the confirmed number, or "". Show it to its owner only."""
    mobile = Mobile.objects.filter(person_id=person.pk).first()
    return mobile.number if mobile else ""


def find_pending_mobile(person: User) -> PendingMobile | None:
    """Return the number that waits for its code, or None if there is none or its code no longer works."""
    waiting = PendingMobile.objects.unexpired().filter(person_id=person.pk)
    return waiting.filter(attempts__lt=MAX_CODE_ATTEMPTS).first()


@sensitive_variables()
def change_mobile(person: User, number: str) -> bool:
    """Send a code to `number`, which `confirm_mobile` makes the user's; return False if it already is.

    Replaces an earlier pending number and its code. "" removes the number. Raises Refusal if the number is
    invalid, changed too often, or no message can be sent. A number of another account is treated like a free one.
    """
    if not number.strip():
        return remove_mobile(person)
    normal = normalize_number(number)
    if normal is None:
        raise Refusal("Enter a mobile number with its country code, such as +41 79 123 45 67.", "mobile")
    digest = hash_number(normal)
    if Mobile.objects.filter(person_id=person.pk, digest=digest).exists():
        return False
    if not sms.is_possible():
        raise Refusal("This site can’t send text messages, so numbers can’t be confirmed.", "mobile")
    _enforce_rate_limit("mobile", CODES, f"person:{person.pk}")
    _enforce_rate_limit("mobile", CODES_TO_ONE, f"number:{digest}")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    PendingMobile.objects.update_or_create(
        person_id=person.pk,
        defaults={
            "sealed": seal(normal),
            "digest": digest,
            "code_hash": _hash_code(person, digest, code),
            "attempts": 0,
            "expires_at": timezone.now() + timedelta(minutes=CODE_MINUTES),
        },
    )
    text = f"{code} is your code for {settings.SITE_NAME}. It expires in {CODE_MINUTES} minutes. Don't share it."
    try:
        sms.send_sms(normal, text)
    except OSError as error:
        raise Refusal("The message couldn’t be sent. Try again in a moment.", "mobile") from error
    return True


@sensitive_variables()
def confirm_mobile(person: User, code: str) -> str:
    """Make the number to which `code` was sent the user's, and return it. Raises Refusal.

    A code works for CODE_MINUTES and MAX_CODE_ATTEMPTS; its row is locked, so concurrent requests cannot exceed them.
    Do not call this inside a transaction: a rollback would not count the attempt.
    """
    pending = _count_attempt(person)
    if pending is None:
        raise Refusal("This code no longer works. Request a new one.", "code")
    if not hmac.compare_digest(pending.code_hash, _hash_code(person, pending.digest, "".join(code.split()))):
        left = MAX_CODE_ATTEMPTS - pending.attempts
        more = f"You can try {left} more time{'' if left == 1 else 's'}." if left else "Request a new one."
        raise Refusal(f"That isn’t the right code. {more}", "code")
    try:
        with transaction.atomic():
            if not PendingMobile.objects.filter(pk=pending.pk, code_hash=pending.code_hash).delete()[0]:
                raise Refusal("This code no longer works. Request a new one.", "code")
            Mobile.objects.update_or_create(
                person_id=person.pk,
                defaults={"sealed": pending.sealed, "digest": pending.digest, "confirmed_at": timezone.now()},
            )
    except IntegrityError as error:
        # Disclosed only to someone who received the code on this phone.
        raise Refusal("Another account uses this number. Remove it there first.", "code") from error
    return pending.number


@transaction.atomic
def remove_mobile(person: User) -> bool:
    """Delete the confirmed and the pending number; return True if there was one."""
    deleted = Mobile.objects.filter(person_id=person.pk).delete()[0]
    return bool(deleted + PendingMobile.objects.filter(person_id=person.pk).delete()[0])


@transaction.atomic
def _count_attempt(person: User) -> PendingMobile | None:
    """Count an attempt before comparing the code; return the pending number, or None if its code no longer works."""
    pending = PendingMobile.objects.unexpired().select_for_update().filter(person_id=person.pk).first()
    if pending is None or pending.attempts >= MAX_CODE_ATTEMPTS:
        return None
    pending.attempts += 1
    pending.save(update_fields=["attempts"])
    return pending


def _hash_code(person: User, digest: str, code: str) -> str:
    return keyed_hash("mobile-code", f"{person.pk}:{digest}:{code}")


def _enforce_rate_limit(field: str, limit: Limit, who: str) -> None:
    if seconds := seconds_to_wait(limit, who):
        raise RateLimitedError(limit, seconds, field)

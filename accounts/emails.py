"""Send the site's own e-mails (not allauth's). They need no request, so workers send them too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)


def send_email(name: str, user: User, **context: Any) -> None:
    """Send `templates/account/email/<name>_{subject,message}.txt` to `user`; log failures instead of raising."""
    context |= {"user": user, "site_name": settings.SITE_NAME, "site_origin": settings.SITE_ORIGIN}
    subject, message = (
        render_to_string(f"account/email/{name}_{part}.txt", context).strip() for part in ("subject", "message")
    )
    try:
        send_mail(subject, message, settings.DEFAULT_FROM_EMAIL, [user.email])
    except OSError as error:  # smtplib's errors are OSErrors too
        log.error("could not send the mail %s: %s", name, type(error).__name__)

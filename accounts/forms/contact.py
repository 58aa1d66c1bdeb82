from __future__ import annotations

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts.forms.sign_in import SiteFormMixin
from common.limits import (
    CODE_DIGITS,
)


class ChangeEmailForm(SiteFormMixin, allauth_forms.AddEmailForm):
    labels = {"email": "New email address"}
    helps = {"email": "We’ll send a link to this address. It changes once you open the link."}

    def save(self, request: HttpRequest) -> EmailAddress:
        """Send the link and return the pending address; replaces an earlier one.

        Unlike allauth's form, keep the present address even if it was never confirmed.
        """
        addresses = EmailAddress.objects.filter(user=self.user)
        with transaction.atomic():
            addresses.filter(verified=False).exclude(email=self.user.email).delete()
            address: EmailAddress = addresses.get_or_create(user=self.user, email=self.cleaned_data["email"])[0]
        send_verification_email_to_address(request, address)
        return address


class MobileForm(forms.Form):
    """A mobile number; `change_mobile` validates it."""

    mobile = forms.CharField(
        label="Mobile number",
        max_length=40,
        help_text="Include the country code, such as +41 79 123 45 67.",
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        error_messages={"required": "Enter a mobile number.", "max_length": "Use at most 40 characters."},
    )


class CodeForm(forms.Form):
    """The code sent to the phone; `confirm_mobile` checks it."""

    code = forms.CharField(
        label=f"{CODE_DIGITS}-digit code",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        error_messages={"required": "Enter the code.", "max_length": f"The code has {CODE_DIGITS} digits."},
    )

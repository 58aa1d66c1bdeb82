"""Normalize and hash mobile numbers."""

from __future__ import annotations

import phonenumbers

from common.sealing import keyed_hash


def normalize_number(typed: str) -> str | None:
    """Return a typed number in E.164, such as "+41791234567", or None if it is invalid."""
    try:
        number = phonenumbers.parse(typed.strip().replace("00", "+", 1) if typed.strip().startswith("00") else typed)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def hash_number(number: str) -> str:
    """Return the keyed hash by which a number is looked up."""
    return keyed_hash("mobile", number)

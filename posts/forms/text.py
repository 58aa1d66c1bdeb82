"""Checks that several forms share."""

from __future__ import annotations

from django import forms

from common.ids import MAX_ID
from common.limits import MAX_HASHTAGS, MAX_MENTIONS
from common.linkify import extract_names, extract_tags


def check_tags_and_names(text: str, what: str) -> str:
    """Return `text`, a "caption" or "comment", or raise ValidationError if it has too many tags or mentions."""
    for found, limit, kind in (
        (extract_tags(text), MAX_HASHTAGS, "hashtags"),
        (extract_names(text), MAX_MENTIONS, "mentions"),
    ):
        if len(found) > limit:
            raise forms.ValidationError(f"The {what} has {len(found)} {kind}: at most {limit}.", code="too_many")
    return text


def parse_id(text: str) -> int:
    """The number that a script or a form sends; -1, which no row has, for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    return number if number <= MAX_ID else -1

"""Validation of the edits that clients send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from media.edit.crop import parse_crop
from media.edit.filters import FILTERS, FILTERS_BY_ID
from media.errors import InvalidEditsError

ADJUSTMENTS: Final = {
    "brightness": (-100, 100),
    "contrast": (-100, 100),
    "saturation": (-100, 100),
    "warmth": (-100, 100),
    "vignette": (0, 100),
}
"""Minimum and maximum of each adjustment; 0 changes nothing."""
MAX_EDITS_CHARS: Final = 2_000
"""Maximum length of the JSON, several times that of the longest valid edits."""


def parse_edits(raw: object, *, video: bool = False) -> dict[str, Any]:
    """Validate `raw`, JSON text or its decoded value, and return the edits that change something; {} if none do.

    Raises InvalidEditsError, which names the field and its limits. Videos can only be cropped. Whether a crop fits the
    photo's size is checked later by `media.edit.crop.crop_box`.
    """
    fields = _decode(raw)
    if unknown := set(fields) - {"crop", "filter", *ADJUSTMENTS}:
        raise InvalidEditsError(f"These edits have {len(unknown)} unknown fields. Open the photo's edits again.")
    edits: dict[str, Any] = {}
    if (crop := parse_crop(fields.get("crop"))) is not None:
        edits["crop"] = crop
    if chosen := fields.get("filter"):
        if not isinstance(chosen, str) or chosen not in FILTERS_BY_ID:
            raise InvalidEditsError(
                f"This filter does not exist. Choose one of {', '.join(one['name'] for one in FILTERS)}, or none."
            )
        edits["filter"] = chosen
    for name, (least, most) in ADJUSTMENTS.items():
        if value := _whole_number(name, fields.get(name), least, most):
            edits[name] = value
    if video and edits.keys() - {"crop"}:
        raise InvalidEditsError(
            "Videos can be cropped, but not filtered or adjusted. Remove the filter and the adjustments."
        )
    return edits


def _decode(raw: object) -> Mapping[str, Any]:
    if isinstance(raw, str | bytes):
        if len(raw) > MAX_EDITS_CHARS:
            raise InvalidEditsError(
                f"These edits are longer than {MAX_EDITS_CHARS:,} characters. Open the photo's edits again."
            )
        try:
            raw = json.loads(raw) if raw.strip() else None
        except (ValueError, RecursionError) as error:
            raise InvalidEditsError("These edits cannot be read. Open the photo's edits again.") from error
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise InvalidEditsError("Edits must be an object with fields. Open the photo's edits again.")
    return raw


def _whole_number(name: str, value: object, least: int, most: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidEditsError(f"{name.capitalize()} must be a whole number from {least} to {most}.")
    return value

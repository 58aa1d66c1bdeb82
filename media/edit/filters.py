"""The filters of the composer, from `filters.json`, which the browser receives too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FILTERS: Final[list[dict[str, Any]]] = json.loads(Path(__file__).with_name("filters.json").read_text())
"""Filters in the order of the composer, with "id" and "name" and these parameters, applied in this order:

"mix": weights of red, green and blue for conversion to grey; absent in colour filters.
"slope", "offset", "power": a curve per channel, `(x * slope + offset) ** power`.
"contrast": -1 to 1.
"saturation": a factor; 1 leaves colours unchanged.
"""
FILTERS_BY_ID: Final = {one["id"]: one for one in FILTERS}

"""The lists by which browsers play a film in pieces (HTTP Live Streaming, RFC 8216).

All pieces of one size lie in one file, which a list of byte ranges cuts up: five files a film, however long it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from media.videos import PIECES, Variant

_DURATION = re.compile(r"#EXTINF:([0-9.]+),\n#EXT-X-BYTERANGE:([0-9]+)")


def relative(key: str) -> str:
    """How a file in our storage names another one: keys lie two folders deep."""
    return f"../../{key}"


def list_of(variant: Variant, pieces_key: str) -> str:
    """The list of one size, whose pieces are stored under `pieces_key`."""
    return variant.playlist.replace(PIECES, relative(pieces_key))


def peak_bits_a_second(playlist: str) -> int:
    """Of the piece that takes most: what a network must carry."""
    return max(int(int(size) * 8 / float(seconds)) for seconds, size in _DURATION.findall(playlist))


def master_list(variants: Sequence[Variant], list_keys: Sequence[str]) -> str:
    """The list of the sizes, the large one first, by which a browser chooses what its network can carry."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant, key in zip(variants, list_keys, strict=True):
        bits = peak_bits_a_second(variant.playlist)
        lines.append(f"#EXT-X-STREAM-INF:BANDWIDTH={bits},RESOLUTION={variant.width}x{variant.height}")
        lines.append(relative(key))
    return "\n".join(lines) + "\n"

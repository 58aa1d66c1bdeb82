"""A few real photos, which all posts of `seed_scale` share."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from media.photo.render import RENDERER, render_photo
from media.storage import store_original, store_rendition
from posts.models.media import MediaState


def render_photos(folder: Path, number: int) -> list[dict[str, Any]]:
    """Render the first photos of a folder and store their files; return the columns of their rows in posts_media.

    Costs half a second a photo. Raises FileNotFoundError if the folder has no JPEG.
    """
    found = []
    for path in islice(sorted(folder.glob("*.jpg")), number):
        with path.open("rb") as file:
            rendered = render_photo(file)
            file.seek(0)
            original = store_original(file, ".jpg")
        renditions = [
            {
                "width": one.width,
                "height": one.height,
                "webp": store_rendition(one.webp, ".webp"),
                "jpeg": store_rendition(one.jpeg, ".jpg"),
            }
            for one in rendered.renditions
        ]
        found.append(
            {
                "alt": path.stem.replace("-", " ").capitalize(),
                "original": original,
                "width": rendered.width,
                "height": rendered.height,
                "state": MediaState.READY.value,
                "renditions": renditions,
                "renderer": RENDERER,
                "placeholder": rendered.placeholder,
            }
        )
    if not found:
        raise FileNotFoundError(f"{folder} has no photos.")
    return found

"""Storages of renditions, originals and incoming files: in folders, or in buckets of an S3-compatible store."""

from pathlib import Path
from typing import Any


def local_storages(data_dir: Path) -> dict[str, dict[str, Any]]:
    """Return storages in folders of `data_dir`. They have no public addresses: the site sends the files."""
    return {
        name: {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": data_dir / folder, "base_url": None, "file_permissions_mode": mode},
        }
        for name, folder, mode in (
            ("default", "media", 0o644),
            ("originals", "originals", 0o600),
            ("incoming", "incoming", 0o600),
        )
    }


def s3_storages(
    bucket: str, originals_bucket: str, *, upload_url: str = "", **store: object
) -> dict[str, dict[str, object]]:
    """Return storages in buckets: renditions in `bucket`, originals and incoming files in `originals_bucket`.

    `store` holds the address and credentials (media.s3.Bucket). Browsers upload to `upload_url`, by default to the
    store itself.
    """
    store |= {"addressing_style": "path" if store.get("endpoint_url") else "virtual"}
    private = store | {"bucket_name": originals_bucket}
    public = store | {"bucket_name": bucket}
    incoming = private | {
        "location": "incoming/",
        "upload_url": upload_url or bucket_url(originals_bucket, **store),
    }
    return {
        "default": {"BACKEND": "media.s3.Bucket", "OPTIONS": public},
        "originals": {"BACKEND": "media.s3.Bucket", "OPTIONS": private},
        "incoming": {"BACKEND": "media.incoming.s3.IncomingBucket", "OPTIONS": incoming},
    }


def bucket_url(name: str, *, endpoint_url: object = None, region_name: object = None, **_: object) -> str:
    """Return the address of a bucket for browsers."""
    if endpoint_url:
        return f"{str(endpoint_url).rstrip('/')}/{name}"
    return f"https://{name}.s3.{region_name}.amazonaws.com" if region_name else f"https://{name}.s3.amazonaws.com"


def staticfiles_backend(*, is_production: bool, is_unbuilt: bool) -> str:
    """Return the storage of static files: compressed well, compressed quickly, or served from their folders."""
    if is_production:
        return "common.staticfiles.CompressedStaticFilesStorage"
    if is_unbuilt:
        return "django.contrib.staticfiles.storage.StaticFilesStorage"
    return "common.staticfiles.QuicklyCompressedStaticFilesStorage"


def public_media_url(options: dict[str, Any]) -> str:
    """Return the address from which browsers load renditions, or "" if they come from the site itself."""
    bucket = options.get("bucket_name")
    return f"{bucket_url(bucket, **options)}/" if bucket else ""

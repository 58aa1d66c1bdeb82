"""`manage.py make_buckets`: the buckets of an S3-compatible store, on its first day."""

from typing import Any

from botocore.exceptions import ClientError
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Make the buckets of both storages where they are missing. Running it again changes nothing."""

    help = "Make the buckets that the site stores its photos in, where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in ("default", "originals"):
            storage: Any = storages[alias]
            if not hasattr(storage, "bucket_name"):
                raise CommandError(
                    "The photos are kept in a folder: set AWS_STORAGE_BUCKET_NAME to keep them in a bucket."
                )
            client = storage.connection.meta.client
            try:
                client.create_bucket(Bucket=storage.bucket_name, **_place(client.meta.region_name))
                self.stdout.write(f"Made the bucket {storage.bucket_name}.")
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in {
                    "BucketAlreadyOwnedByYou",
                    "BucketAlreadyExists",
                }:
                    raise CommandError(f"The bucket {storage.bucket_name} could not be made: {error}") from error
                self.stdout.write(f"The bucket {storage.bucket_name} is there.")


def _place(region: str | None) -> dict[str, Any]:
    """S3 wants the region named again, except for the one that it takes for granted."""
    return {} if region in {None, "us-east-1"} else {"CreateBucketConfiguration": {"LocationConstraint": region}}

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from media.errors import MediaError
from media.photo.render import RENDERER
from posts.models import Media
from posts.models.media import MediaState
from posts.tasks import rerender

AT_ONCE = 500


class Command(BaseCommand):
    """Process media in the order of their ids, so that the command can be stopped and continued at any time."""

    help = (
        "Render photos and videos again from their originals, if an older version of the site rendered them. It can be "
        "stopped at any time; the next run continues with the rest."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="include those that this version rendered")
        parser.add_argument("--after", type=int, default=0, metavar="ID", help="only media with a larger id")
        parser.add_argument("--limit", type=int, metavar="N", help="stop after N media")

    def handle(self, *args: Any, **options: Any) -> None:
        media = Media.objects.filter(state=MediaState.READY, post__deleted_at__isnull=True)
        if not options["all"]:
            media = media.filter(renderer__lt=RENDERER)
        total = media.filter(pk__gt=options["after"]).count()
        total = min(total, options["limit"]) if options["limit"] else total
        began, done, tried, last = time.monotonic(), 0, 0, options["after"]
        failures: list[str] = []
        while tried < total:
            ids = list(
                media.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[: min(AT_ONCE, total - tried)]
            )
            if not ids:
                break
            for last in ids:
                tried += 1
                try:
                    done += rerender(last)
                except MediaError as error:
                    failures.append(f"medium {last}: {error}")
                self.show(tried, total, last, began)
        self.stdout.write(f"Rendered {done} of {total} in {time.monotonic() - began:.0f} s; the last id is {last}.")
        for failure in failures:
            self.stderr.write(failure)
        if failures:
            raise CommandError(f"{len(failures)} could not be rendered and keep their old files.")

    def show(self, tried: int, total: int, last: int, began: float) -> None:
        """Show a progress bar on a terminal, else a line for every hundred, with the id to continue from."""
        left = (time.monotonic() - began) / tried * (total - tried)
        if self.stdout.isatty():
            bar = "█" * (30 * tried // total)
            self.stdout.write(f"\r{bar:░<30} {tried}/{total}, {left:.0f} s left ", ending="" if tried < total else "\n")
            self.stdout.flush()
        elif tried % 100 == 0:
            self.stdout.write(f"{tried} of {total}, {left:.0f} s left (--after {last})")

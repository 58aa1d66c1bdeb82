"""`manage.py up`: the complete site with one command, on one machine."""

import argparse
import errno
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from launcher.errors import StartError
from launcher.site import Site


class Command(BaseCommand):
    """Start the site and keep it running until Ctrl-C or SIGTERM."""

    help = "Start everything: PostgreSQL, Valkey, web, workers and beat. Ctrl-C stops it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this ends")

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
        try:
            Site(parent=os.getppid() if options["with_parent"] else None).run()
        except (CommandError, StartError) as error:
            raise SystemExit(str(error)) from error  # Prints the sentence alone, with exit code 1.
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise SystemExit(f"The disk of DATA_DIR ({settings.DATA_DIR}) is full.") from error

#!/usr/bin/env python
"""Django's command-line entry: `manage.py up` starts the whole site, `manage.py help` lists the rest."""

import os
import sys

# This file keeps to the Python of ten years ago, to be able to say so.
if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed, and this is %d.%d." % sys.version_info[:2])


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instagram.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python: type `make run`, or use .venv/bin/python.")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit("Settings: " + str(error))


if __name__ == "__main__":
    main()

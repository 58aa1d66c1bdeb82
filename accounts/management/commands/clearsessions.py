"""Django's command, which belongs to an app that this site does not install: it has its own table of sessions."""

from django.contrib.sessions.management.commands.clearsessions import Command

__all__ = ["Command"]

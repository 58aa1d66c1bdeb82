"""Exceptions that end a start, or ask for a stop."""


class StartError(Exception):
    """The site cannot be started. The message is one sentence for the person who typed the command."""


class ServerError(StartError):
    """An embedded server cannot be started."""


class PartError(StartError):
    """A process of the site ended while the site was starting, or the site did not become ready."""


class StopRequested(Exception):  # noqa: N818  (not an error)
    """Raised after Ctrl-C, SIGTERM or SIGHUP, and when the parent process has ended."""

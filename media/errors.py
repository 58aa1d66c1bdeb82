from __future__ import annotations


class MediaError(ValueError):
    """A problem with a file, described in a sentence for its owner: `str(error)` names the fault and the remedy.

    The sentence has fewer than 300 characters and does not contain the file's name, which the caller knows. `code` is
    stable, for tests, logs and API clients.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransientMediaError(MediaError):
    """A failure of the server, not of the file: storage, memory or time ran out, and a retry may succeed.

    Tasks retry it. After the last attempt its sentence is shown to the owner too.
    """


class InvalidEditsError(MediaError):
    """Edits that cannot be parsed or do not fit their photo. Its code is "edits"."""

    def __init__(self, message: str) -> None:
        super().__init__("edits", message)

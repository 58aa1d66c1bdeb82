"""The exception for requests that cannot be fulfilled, with a message for the user."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (an answer to a person, not a fault)
    """Raised by an action that cannot be done as things stand. Pages and the API show `message`.

    `field` names the form field or body field at fault, "" if there is none. `retry_after` is the number of seconds
    after which the same request can succeed, 0 if waiting does not help.

    Subclass it only if some caller has to catch one kind of refusal.
    """

    def __init__(self, message: str, field: str = "", retry_after: int = 0) -> None:
        super().__init__(message)
        self.message, self.field, self.retry_after = message, field, retry_after

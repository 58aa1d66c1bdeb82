"""Refusals of actions as problem details."""

from __future__ import annotations

from common.api import MAX_ERRORS, FieldError, Problem
from posts.actions.requests import InvalidRequestError


def invalid_request_problem(error: InvalidRequestError, names: dict[str, str]) -> Problem:
    """Return the 422 for an invalid request. `names` has the fields whose names differ in the body."""
    errors = [
        FieldError(path=f"body.{names.get(one.field, one.field)}", code=one.code, message=one.message)
        for one in error.errors
    ]
    return Problem(422, "invalid", str(error), errors=errors[:MAX_ERRORS])

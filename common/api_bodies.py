"""Request bodies of the API: the types of their fields, and validation errors as problem details."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import pydantic
from django import forms
from django.http import HttpRequest
from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from common.api import MAX_ERRORS, FieldError, Problem, invalid_request

SomeBody = TypeVar("SomeBody", bound="Body")


ID: Final = r"^([1-9][0-9]{0,17}|[1-8][0-9]{18})$"
MAX_ID: Final = 8_999_999_999_999_999_999
"""The largest number that `ID` matches; generated ids stay far below it."""
ID_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string", "pattern": ID}, {"type": "integer", "minimum": 1, "maximum": MAX_ID}]
}
MAX_LIST_ITEMS: Final = 100
"""Maximum length of every list in a body. Forms have lower limits, with their own messages."""


def _parse_id(value: object) -> int:
    """Return the id in `value`: a string of digits, or an integer."""
    if isinstance(value, str) and re.fullmatch(ID, value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ID:
        return value
    raise PydanticCustomError("id", "This is not an id. Send its digits, as a string or a number.")


def _parse_ids(value: object) -> object:
    """Return `value` as a list: a single id stands for a list of one."""
    return value if isinstance(value, list) else [_parse_id(value)]


if TYPE_CHECKING:
    IdIn = int
    IdsIn = list[int]
else:
    IdIn = Annotated[int, BeforeValidator(_parse_id), WithJsonSchema(ID_SCHEMA)]
    IdsIn = Annotated[
        list[IdIn],
        BeforeValidator(_parse_ids),
        WithJsonSchema({"anyOf": [{"type": "array", "items": ID_SCHEMA, "maxItems": MAX_LIST_ITEMS}, ID_SCHEMA]}),
    ]
"""An id in a request body: a string, as in responses, or a number. `IdsIn` accepts one id or a list."""


class Body(Schema):
    """A request body. Unknown fields are an error that names them, and the request has no effect."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _limit_unknown_fields(cls, data: Any) -> Any:
        """Drop all but the first MAX_ERRORS unknown fields, because each costs an error and one is enough to reject."""
        if not isinstance(data, dict) or len(data) <= len(cls.model_fields) + MAX_ERRORS:
            return data
        known = {name: value for name, value in data.items() if name in cls.model_fields}
        unknown = [name for name in data if name not in cls.model_fields][:MAX_ERRORS]
        return known | {name: data[name] for name in unknown}


def is_multipart(request: HttpRequest) -> bool:
    return request.content_type == "multipart/form-data"


def read_body(request: HttpRequest, schema: type[SomeBody], *, files: str = "") -> SomeBody:
    """Parse a request body that may be JSON or a form with the same fields. Raises Problem.

    `files` is the only field that may hold files; others are unknown fields.
    """
    if is_multipart(request):
        lists = {name for name, one in schema.model_fields.items() if "list" in str(one.annotation)}
        values: Any = {
            name: request.POST.getlist(name) if name in lists else request.POST[name] for name in request.POST
        }
        # The schema rejects these as unknown fields.
        values |= {name: "" for name in request.FILES if name != files}
    else:
        try:
            values = json.loads(request.body) if request.body else {}
        except (ValueError, RecursionError) as error:
            raise Problem(400, "bad-request", "The body is not valid JSON.") from error
    try:
        return schema.model_validate(values)
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid_request((("body", *one["loc"]), one["type"], one["msg"]) for one in found) from error


def form_problem(form: forms.BaseForm, names: dict[str, str] | None = None) -> Problem:
    """Return the errors of `form` as a problem; `names` maps form fields to their names in the body."""
    names = names or {}
    errors = [
        FieldError(path=f"body.{names.get(name, name)}", code=error.code or "invalid", message=text)
        for name, found in form.errors.as_data().items()
        for error in found
        for text in error.messages
    ]
    return Problem(422, "invalid", " ".join(error.message for error in errors), errors=errors[:MAX_ERRORS])

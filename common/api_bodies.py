"""Bodies of the API's writes: what they may say, and the errors of the pages' forms as problems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import pydantic
from django import forms
from django.http import HttpRequest
from ninja import Schema
from pydantic import AfterValidator, ConfigDict, StringConstraints, WithJsonSchema

from common.api import FieldError, Problem

SomeBody = TypeVar("SomeBody", bound="Body")


ID: Final = r"^([1-9][0-9]{0,17}|[1-8][0-9]{18})$"


if TYPE_CHECKING:
    IdIn = int
else:
    IdIn = Annotated[
        str, StringConstraints(pattern=ID), AfterValidator(int), WithJsonSchema({"type": "string", "pattern": ID})
    ]
"""An id in a body: a string, as all answers have it; `int` in Python."""


class Body(Schema):
    """What a write is told. A field that it does not know is refused by name, and nothing happens."""

    model_config = ConfigDict(extra="forbid")


def is_multipart(request: HttpRequest) -> bool:
    return request.content_type == "multipart/form-data"


def read_body(request: HttpRequest, schema: type[SomeBody], *, files: str = "") -> SomeBody:
    """JSON, or a form with the same fields, of an address that takes both. Raises Problem.

    `files` is the one name under which files may come: others are unknown fields.
    """
    if is_multipart(request):
        lists = {name for name, one in schema.model_fields.items() if "list" in str(one.annotation)}
        said: Any = {name: request.POST.getlist(name) if name in lists else request.POST[name] for name in request.POST}
        # Refused by the schema, which does not know them.
        said |= {name: "" for name in request.FILES if name != files}
    else:
        try:
            said = json.loads(request.body) if request.body else {}
        except (ValueError, RecursionError) as error:
            raise Problem(400, "bad-request", "This body is no JSON.") from error
    try:
        return schema.model_validate(said)
    except pydantic.ValidationError as error:
        named = [
            FieldError(path=".".join(map(str, ("body", *one["loc"]))), code=one["type"], message=one["msg"])
            for one in error.errors()
        ]
        raise Problem(
            422, "invalid", "Something in this request is not as it must be: see errors.", errors=named
        ) from error


def form_problem(form: forms.BaseForm, names: dict[str, str] | None = None) -> Problem:
    """What a form says to people, by path; `names` are those fields that have another name in the body."""
    names = names or {}
    errors = [
        FieldError(path=f"body.{names.get(name, name)}", code=error.code or "invalid", message=text)
        for name, found in form.errors.as_data().items()
        for error in found
        for text in error.messages
    ]
    return Problem(422, "invalid", " ".join(error.message for error in errors), errors=errors)

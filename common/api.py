"""Framework of the JSON API: problem details (RFC 9457), ids as strings, and lists by cursor.

Each app's `api` module or package has its routers, `instagram.api` combines them, and `instagram.api_middleware`
handles rate limits, ETags, and problem details in place of Django's error pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema
from ninja.constants import NOT_SET
from pydantic import PlainSerializer, create_model

from common.pagination import Page

API_PREFIX: Final = "/api/"
"""Where `instagram.urls` mounts the API. Unknown addresses below it need it too, and no name stands for those."""

PROBLEM_JSON: Final = "application/problem+json"

Out = TypeVar("Out")

Id = Annotated[int, PlainSerializer(str, return_type=str)]
"""An id in a response: a string, because JavaScript loses digits of numbers above 2^53."""


@cache
def response_model(schema: Any) -> type[Schema]:
    """Return the model with which ninja checks and writes a response of this schema. There is one per schema."""
    return create_model("NinjaResponseSchema", __base__=Schema, response=(schema, ...))


class ApiRouter(Router):
    """A router whose operations share their response models.

    Ninja creates a model for each status of each operation: more than a thousand, most of them for the same problem
    details. They would take a large share of a process's start.
    """

    def add_api_operation(
        self, path: str, methods: list[str], view_func: Callable[..., Any], *, response: Any = NOT_SET, **options: Any
    ) -> None:
        if not isinstance(response, dict):
            super().add_api_operation(path, methods, view_func, response=response, **options)
            return
        super().add_api_operation(path, methods, view_func, **options)
        self.path_operations[path].operations[-1].response_models = {
            status: None if schema is None else response_model(schema)
            for statuses, schema in response.items()
            for status in (statuses if isinstance(statuses, frozenset) else [statuses])
        }


class FieldError(Schema):
    path: str = Field(description="Location in the request, such as body.caption, query.limit or path.id.")
    code: str
    message: str = Field(description="Message for users.")


class ProblemOut(Schema):
    """Problem details (RFC 9457). `code` is stable; `detail` is a message for users."""

    type: str = Field(description="Address of the explanation of the code.")
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


class Problem(Exception):  # noqa: N818  (the term of the standard)
    """Exception that any code called by an operation can raise; the response has problem details."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors = list(errors)
        self.headers = headers or {}


class NotFound(Problem):
    """404, for missing objects and for objects that the caller may not see."""

    def __init__(self) -> None:
        super().__init__(404, "not-found", "This doesn't exist, or you can't see it.")


class ValidationFailed(Problem):
    """422 with the errors by field: {"body.caption": "At most 2,200 characters."}."""

    def __init__(self, errors: dict[str, str], *, code: str = "invalid") -> None:
        named = [FieldError(path=path, code=code, message=message) for path, message in errors.items()]
        super().__init__(422, code, " ".join(errors.values()), errors=named)


MAX_ERRORS: Final = 20
"""Maximum number of errors in a response: a body with 50,000 errors must not cause a response of that length."""
MAX_PATH_CHARS: Final = 200


def invalid_request(found: Iterable[tuple[Sequence[str | int], str, str]]) -> Problem:
    """Return the problem for validation errors: (location, code, message) of each, such as ("body", "media", 0)."""
    errors = [
        FieldError(path=".".join(map(str, location))[:MAX_PATH_CHARS], code=code, message=message)
        for location, code, message in islice(found, MAX_ERRORS)
    ]
    return Problem(422, "invalid", "Some of this request is invalid: see errors.", errors=errors)


PROBLEMS: Final = {frozenset({400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429, 503}): ProblemOut}
"""Error responses of every operation: `response={200: PostOut, **PROBLEMS}`."""


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIX)


def problem_response(problem: Problem) -> HttpResponse:
    body = {
        "type": f"{API_PREFIX}docs#{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "errors": [error.model_dump() for error in problem.errors],
    }
    return JsonResponse(body, status=problem.status, headers=problem.headers, content_type=PROBLEM_JSON)


def absolute(request: HttpRequest, url: str) -> str:
    """Return `url`, of this site or a bucket, with scheme and host; "" for ""."""
    return request.build_absolute_uri(url) if url else ""


ID_OR_NOTHING: Final = r"^([1-9][0-9]{0,17}|[1-8][0-9]{18})?$"
"""Pattern for an optional id: a number below 2^63, as far as a pattern can express that."""


class Paging(Schema):
    """Query parameters of a list: `?cursor=` and `?limit=`."""

    cursor: str = Field("", max_length=200, pattern=r"^[A-Za-z0-9_.=-]*$", description="`next` of the previous page.")
    limit: int = Field(20, ge=1, le=100, description="Maximum number of items.")


class IdPaging(Paging):
    """Query parameters of a list in the order of ids: every list except search results."""

    cursor: str = Field("", pattern=ID_OR_NOTHING, description="`next` of the previous page, unchanged.")

    @property
    def before(self) -> int | None:
        """Return the id that the page starts after; None for the first page."""
        return int(self.cursor) if self.cursor else None


class Listed(Schema, Generic[Out]):
    """A page of a list. The `Link` header also has the address of the next page."""

    items: list[Out]
    next: str | None = Field(None, description="Cursor of the next page; null on the last one.")


def listed(request: HttpRequest, response: HttpResponse, page: Page[Any], items: list[Out]) -> Listed[Out]:
    """Return a page of `items`, which were made from `page`, and set its `Link` header."""
    if not page.next_url:
        return Listed(items=items, next=None)
    response.headers["Link"] = f'<{request.build_absolute_uri(page.next_url)}>; rel="next"'
    return Listed(items=items, next=parse_qs(urlsplit(page.next_url).query)["cursor"][0])

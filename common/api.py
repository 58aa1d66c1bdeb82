"""What all addresses below /api/ share: problem details (RFC 9457), ids as text, and lists by cursor.

An app's `api.py` has its router; `instagram.api` puts them together, and `instagram.api_middleware` adds what is the
same for every answer (rate limits, ETag, problems where Django would show a page).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Schema
from pydantic import PlainSerializer

from common.pagination import Page

API_PREFIX: Final = "/api/"
PROBLEM_JSON: Final = "application/problem+json"

Out = TypeVar("Out")

Id = Annotated[int, PlainSerializer(str, return_type=str)]
"""An id in an answer: a string, because JavaScript loses digits above 2^53."""


class FieldError(Schema):
    path: str = Field(description="Where in the request: body.caption, query.limit, path.id.")
    code: str
    message: str = Field(description="A sentence for people.")


class ProblemOut(Schema):
    """What went wrong (RFC 9457). `code` is stable, `detail` is a sentence for people."""

    type: str = Field(description="Where the code is explained.")
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = Field(default_factory=list)


class Problem(Exception):  # noqa: N818  (the standard's word)
    """Raised anywhere below an operation; answered as problem details."""

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
        super().__init__(404, "not-found", "There is no such thing, or you may not see it.")


class ValidationFailed(Problem):
    """422 with the errors by field: {"body.caption": "At most 2,200 characters."}."""

    def __init__(self, errors: dict[str, str], *, code: str = "invalid") -> None:
        named = [FieldError(path=path, code=code, message=message) for path, message in errors.items()]
        super().__init__(422, code, " ".join(errors.values()), errors=named)


MAX_ERRORS: Final = 20
"""How many errors an answer lists: a body with 50,000 faults must not get an answer of 50,000 errors."""
MAX_PATH_CHARS: Final = 200


def invalid_request(found: Iterable[tuple[Sequence[str | int], str, str]]) -> Problem:
    """Return the problem for validation errors: (location, code, message) of each, such as ("body", "media", 0)."""
    errors = [
        FieldError(path=".".join(map(str, location))[:MAX_PATH_CHARS], code=code, message=message)
        for location, code, message in islice(found, MAX_ERRORS)
    ]
    return Problem(422, "invalid", "Some of this request is invalid: see errors.", errors=errors)


PROBLEMS: Final = {frozenset({400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 429, 503}): ProblemOut}
"""What any operation may answer beside its own: `response={200: PostOut, **PROBLEMS}`."""


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
    """`url` of this site, or of a bucket, with its scheme and host; "" stays ""."""
    return request.build_absolute_uri(url) if url else ""


ID_OR_NOTHING: Final = r"^([1-9][0-9]{0,17}|[1-8][0-9]{18})?$"
"""What a parameter with an id looks like: a number below 2^63, as far as a pattern can say it."""


class Paging(Schema):
    """`?cursor=` and `?limit=` of a list."""

    cursor: str = Field("", max_length=200, pattern=r"^[A-Za-z0-9_.=-]*$", description="`next` of the page before.")
    limit: int = Field(20, ge=1, le=100, description="How many items at most.")


class IdPaging(Paging):
    """Of a list whose order is that of ids: all but searches."""

    cursor: str = Field("", pattern=ID_OR_NOTHING, description="`next` of the page before, as it was.")

    @property
    def before(self) -> int | None:
        """The id after which the page begins; None for the first page."""
        return int(self.cursor) if self.cursor else None


class Listed(Schema, Generic[Out]):
    """One page of a list; the `Link` header names the next one too."""

    items: list[Out]
    next: str | None = Field(None, description="The cursor of the next page; null at the end.")


def listed(request: HttpRequest, response: HttpResponse, page: Page[Any], items: list[Out]) -> Listed[Out]:
    """The answer for a `Listed[…]`: `items` made of `page`, and where the next ones are."""
    if not page.next_url:
        return Listed(items=items, next=None)
    response.headers["Link"] = f'<{request.build_absolute_uri(page.next_url)}>; rel="next"'
    return Listed(items=items, next=parse_qs(urlsplit(page.next_url).query)["cursor"][0])

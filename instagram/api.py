"""The JSON API at /api/: the routers of all apps, described as OpenAPI 3.1 at /api/openapi.json.

It calls the same actions and querysets as the pages. Authentication is in `accounts.api.authentication`; what all
responses share is in `common.api` and `instagram.api_middleware`.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from accounts.api.authentication import SIGNED_IN, anybody, without_token
from common.api import NotFound, Problem, invalid_request, problem_response
from instagram.api_description import DESCRIPTION, DocsPage, complete

log = logging.getLogger(__name__)


class SiteAPI(NinjaAPI):
    """Ninja's API, with a more complete OpenAPI description."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Return the description, which is built once per process."""
        return self._schema

    @cached_property
    def _schema(self) -> OpenAPISchema:
        schema = super().get_openapi_schema()
        open_ids = {
            self.get_openapi_operation_id(operation)
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            if {anybody, without_token} & set(operation.auth_callbacks)
        }
        complete(schema, open_ids)
        return schema

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the name of the function. It is unique, and also the name of the URL: `api:get_post`."""
        return operation.view_func.__name__

    @property
    def open_urls(self) -> list[URLPattern | URLResolver]:
        """Return the URL patterns, exempt from the redirect to the login page: each operation has its own `auth`."""
        patterns = self.urls[0]
        for pattern in patterns:
            pattern.callback.login_required = False  # type: ignore[union-attr]
        return patterns


api = SiteAPI(
    title="Everyframe",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs=DocsPage(),
    auth=SIGNED_IN,
)
for module in (
    "accounts.api.usernames",
    "accounts.api.avatars",
    "social.api.follows",
    "social.api.relations",
    "social.api.privacy",
    "posts.api",
    "feed.api",
    "notifications.api",
    "search.api",
):
    api.add_router("", f"{module}.router")


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem_response(problem)


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def on_not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem_response(NotFound())


@api.exception_handler(AuthenticationError)
def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    headers = {"WWW-Authenticate": "Bearer"}
    return problem_response(Problem(401, "signed-out", "Sign in, or send a token.", headers=headers))


@api.exception_handler(RawPostDataException)
def on_form(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
    """Refuse a form sent to an operation that reads only JSON."""
    return problem_response(Problem(415, "content-type", "Send this as application/json."))


@api.exception_handler(RequestDataTooBig)
def on_rate_limit(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem_response(Problem(413, "too-large", "The body is too large for this URL."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem_response(Problem(error.status_code, "bad-request", "The request could not be parsed."))


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Report invalid parameters. Removes the name that ninja puts before fields of a body: body.body.caption."""
    found = ((one["loc"], one["type"], one["msg"]) for one in error.errors)
    return problem_response(
        invalid_request(((loc[1:] if loc[:2] == ("body", "body") else loc), code, text) for loc, code, text in found)
    )


@api.exception_handler(Exception)
def on_unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Leave other errors to Django, which logs them and calls handler500."""
    raise error

"""Additions to the OpenAPI description that ninja generates, and the page that shows it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from common.api import PROBLEM_JSON
from common.api_codes import CODES

DESCRIPTION: Final = """
Everything the site can do, as an API, with the same visibility rules and the same limits.

Send a personal access token or an OAuth 2 token as `Authorization: Bearer …`. A browser's session works as well, with
its CSRF token in `X-CSRFToken` for requests that change something. Fetch photos and videos with the same token.

Ids are strings of digits. People are identified by id or `@username`, posts by id or shortcode. Times are in UTC. Lists
are `{"items": […], "next": cursor}`: send the cursor as `?cursor=` for the next page. Unknown parameters are ignored.
Errors are problem details (RFC 9457) with a stable `code`.
"""

_HEADERS: Final = {
    "RateLimit-Limit": (
        "Requests that the budget allows: of the budget that refused (429), else of the one with the fewest left.",
        "integer",
    ),
    "RateLimit-Remaining": ("Requests left in that budget.", "integer"),
    "RateLimit-Reset": ("Seconds until that budget is full again.", "integer"),
    "Retry-After": ("Seconds to wait before trying again.", "integer"),
    "WWW-Authenticate": ("Bearer, with the error of the token.", "string"),
    "Allow": ("The methods that this URL supports.", "string"),
    "ETag": ("Send it as If-None-Match to get 304 without a body if nothing has changed.", "string"),
    "Link": ('The URL of the next page: <…>; rel="next". Missing on the last page.', "string"),
}


def _oauth() -> dict[str, Any]:
    return {
        "type": "oauth2",
        "description": "For third-party apps (docs/oauth.md). PKCE with S256 is required.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": reverse("oauth_authorize"),
                "tokenUrl": reverse("oauth_token"),
                "refreshUrl": reverse("oauth_token"),
                "scopes": {"read": "See everything that the user sees.", "write": "Act as the user."},
            }
        },
    }


_OF_STATUS: Final = {"401": ["WWW-Authenticate"], "405": ["Allow"], "429": ["Retry-After"], "503": ["Retry-After"]}


def complete(schema: OpenAPISchema, open_ids: set[str]) -> None:
    """Add the content type of problems, headers, 304, and that the operations `open_ids` need no authentication."""
    schema["components"]["headers"] = {
        name: {"description": text, "schema": {"type": kind}} for name, (text, kind) in _HEADERS.items()
    }
    schema["components"]["securitySchemes"]["OAuth2"] = _oauth()
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            answers = operation["responses"]
            for status, answer in answers.items():
                if int(status) >= 400:
                    answer["content"] = {PROBLEM_JSON: answer["content"]["application/json"]}
                _add_headers(answer, _OF_STATUS.get(str(status), []))
            if method == "get":
                is_list = any(one["name"] == "cursor" for one in operation["parameters"])
                _add_headers(answers[200], ["ETag", "Link"] if is_list else ["ETag"])
                answers[304] = {"description": "Not changed since the ETag in the request."}
            operation["security"].append({"OAuth2": ["read" if method == "get" else "write"]})
            if operation["operationId"] in open_ids:
                operation["security"].append({})


def _add_headers(answer: dict[str, Any], names: list[str]) -> None:
    names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", *names]
    headers = answer.setdefault("headers", {})
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class DocsPage(DocsBase):
    """Swagger UI from ninja's static files, started by our own script, as ninja's page has an inline one."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        codes = [{"code": code, "status": status, "text": text} for code, (status, text) in CODES.items()]
        return render(request, "api/docs.html", {"codes": codes, "description_url": self.get_openapi_url(api, kwargs)})

"""What ninja leaves out of the API's description, and the page that shows it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from common.api import PROBLEM_JSON
from common.api_codes import CODES

DESCRIPTION: Final = """
Everything the pages do, for programs: the same rules of who sees what, the same limits.

Send a personal access token, or one of OAuth 2, as `Authorization: Bearer …`; a browser's session does too, with its
CSRF token in `X-CSRFToken` for all but reading. Files of photos and videos are fetched with the same token.

Ids are strings of digits. People are known by number or `@username`, posts by number or shortcode. Times are UTC. Lists
are `{"items": […], "next": cursor}`: send the cursor as `?cursor=` for the next page. Parameters that an address does
not know are ignored. Errors are problem details (RFC 9457) with a stable `code`.
"""

_HEADERS: Final = {
    "RateLimit-Limit": (
        "How many requests the budget allows: the one that refused (429), else the one with the fewest requests left.",
        "integer",
    ),
    "RateLimit-Remaining": ("How many requests are left in that budget.", "integer"),
    "RateLimit-Reset": ("Seconds until that budget begins anew.", "integer"),
    "Retry-After": ("In how many seconds to try again.", "integer"),
    "WWW-Authenticate": ("Bearer, and what is wrong with the token.", "string"),
    "Allow": ("The methods that this address answers.", "string"),
    "ETag": ("Send it as If-None-Match: what has not changed is answered with 304 and no body.", "string"),
    "Link": ('The address of the next page: <…>; rel="next". Not at the end.', "string"),
}
_OAUTH: Final = {
    "type": "oauth2",
    "description": "For apps that other people let in (docs/oauth.md). PKCE with S256 is asked of all.",
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "/oauth/authorize/",
            "tokenUrl": "/oauth/token/",
            "refreshUrl": "/oauth/token/",
            "scopes": {"read": "See what the person sees.", "write": "Do what the person does."},
        }
    },
}
_OF_STATUS: Final = {"401": ["WWW-Authenticate"], "405": ["Allow"], "429": ["Retry-After"], "503": ["Retry-After"]}


def complete(schema: OpenAPISchema, open_ids: set[str]) -> None:
    """Add the content type of problems, headers, 304, and that operations of `open_ids` may be asked by anybody."""
    schema["components"]["headers"] = {
        name: {"description": text, "schema": {"type": kind}} for name, (text, kind) in _HEADERS.items()
    }
    schema["components"]["securitySchemes"]["OAuth2"] = _OAUTH
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
                answers[304] = {"description": "Not changed since the ETag that was sent."}
            operation["security"].append({"OAuth2": ["read" if method == "get" else "write"]})
            if operation["operationId"] in open_ids:
                operation["security"].append({})


def _add_headers(answer: dict[str, Any], names: list[str]) -> None:
    names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", *names]
    headers = answer.setdefault("headers", {})
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class DocsPage(DocsBase):
    """Swagger UI from ninja's own files, set up by a script of ours: ninja's page has one inline."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        codes = [{"code": code, "status": status, "text": text} for code, (status, text) in CODES.items()]
        return render(request, "api/docs.html", {"codes": codes, "description_url": self.get_openapi_url(api, kwargs)})

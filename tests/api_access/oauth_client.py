"""Calls that a third-party app makes."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

BACK = "https://client.example/back"
VERIFIER = "a" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def authorize_url(app, **changes):
    params = {
        "response_type": "code", "client_id": app.client_id, "redirect_uri": BACK, "scope": "read write",
        "state": "xyz", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | changes  # fmt: skip
    return "/oauth/authorize/?" + urlencode({name: value for name, value in params.items() if value is not None})


def redirect_params(response):
    """Return the parameters that a redirect passes to the app."""
    assert response.status_code == 302, response.text
    assert response["Location"].startswith(f"{BACK}?"), response["Location"]
    return {name: one for name, [one] in parse_qs(urlsplit(response["Location"]).query).items()}


def get_code(window, app, **changes):
    return redirect_params(window.post(authorize_url(app, **changes), {"allow": "yes"}))["code"]


def post_as_app(path="/oauth/token/", headers=None, **fields):
    """Send a form as the app does: without session and CSRF token."""
    body = urlencode({name: value for name, value in fields.items() if value is not None})
    client = Client(enforce_csrf_checks=True, headers=headers or {})
    return client.post(path, body, content_type="application/x-www-form-urlencoded")


def exchange(app, issued_code, **changes):
    fields = {"grant_type": "authorization_code", "code": issued_code, "redirect_uri": BACK, "client_id": app.client_id}
    return post_as_app(**fields | {"code_verifier": VERIFIER} | changes)


def refresh(app, token, **changes):
    return post_as_app(**{"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client_id} | changes)


def get_profile(access):
    return Client().get("/api/user/profile/", headers={"Authorization": f"Bearer {access}"})


def basic_auth(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}

"""A developer registers an app; another user gives it access and revokes it."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import faults
from tests.e2e.conftest import DESKTOP, PHONE

REDIRECT_URI = "https://frames.example/back"
VERIFIER = "a-verifier-that-cannot-be-guessed-" + "x" * 20
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("javascript", "size"),
    [(True, PHONE), pytest.param(False, DESKTOP, marks=pytest.mark.deep)],
    ids=["phone", "without scripts"],
)
def test_an_app_is_registered_given_access_and_revoked(javascript, size, sign_up):
    dora, ben = sign_up("dora"), sign_up("ben", javascript=javascript, size=size, forgive=("401 (Unauthorized)",))
    dora.goto("/accounts/apps/own/")
    dora.get_by_label("App name").fill("Frames")
    dora.get_by_label("Redirect URIs").fill(REDIRECT_URI)
    dora.get_by_label("Client type").select_option("public")
    assert faults(dora, "/accounts/apps/own/") == []
    dora.get_by_role("button", name="Register app").click()
    client_id = dora.get_by_label("Client ID").inner_text()

    # The app redirects him to the site, which asks for his consent and redirects him back.
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "read",
        "state": "s1",
    }
    parameters |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    ben.goto(f"/oauth/authorize/?{urlencode(parameters)}")
    expect(ben.get_by_role("heading", name="Allow “Frames” to use your account?")).to_be_visible()
    assert not javascript or faults(ben, "/oauth/authorize/") == []
    with ben.expect_request(re.compile("^https://frames.example/back")) as back:
        ben.get_by_role("button", name="Allow").click()
    answer = parse_qs(urlsplit(back.value.url).query)
    # No such server exists. The next page can be opened once the browser has given up.
    ben.wait_for_url("chrome-error://**")
    assert answer["state"] == ["s1"]

    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": REDIRECT_URI}
    form |= {"client_id": client_id, "code_verifier": VERIFIER}
    token = ben.request.post("/oauth/token/", form=form).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert dora.request.get("/api/user/profile/", headers=bearer).json()["username"] == ben.username

    ben.goto("/accounts/apps/")
    assert not javascript or not faults(ben, "/accounts/apps/")
    ben.get_by_role("button", name="Remove access of Frames").click()
    if javascript:
        ben.get_by_role("dialog").get_by_role("button", name="Remove access").click()
    expect(ben.get_by_role("heading", name="No connected apps")).to_be_visible()
    assert dora.request.get("/api/user/profile/", headers=bearer).status == 401

"""The API client in examples/, used on the running site."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from examples.client import ApiError, Client
from tests.media.pictures import BAD, ORIGINALS
from tests.visitors import PASSWORD, Visitor

PHOTO = ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg"


def token_of(visitor: Visitor) -> str:
    """Create an API token that may write, on the page of tokens."""
    page = visitor.post("/accounts/tokens/", {"name": "client", "may_write": "1", "days": "30", "password": PASSWORD})
    found = re.search(r"efp_[\w-]+", page.text)
    assert found, page.text
    return found[0]


def test_the_client_shares_a_photo_that_others_find_and_like(site):
    anna, ben = Visitor(site.port).sign_up("anna"), Visitor(site.port).sign_up("ben")
    her, him = (Client(f"http://localhost:{site.port}", token_of(one)) for one in (anna, ben))
    assert him.follow(f"@{anna.username}") == "following"

    post = her.wait_until_final(her.share([PHOTO], caption="Wings #light", alts=["A dragonfly on a stem"]))

    assert (post.state, post.author, post.caption) == ("published", anna.username, "Wings #light")
    [medium] = post.raw["media"]
    assert medium["alt"] == "A dragonfly on a stem"
    assert max(image["width"] for image in medium["images"]) >= 1080
    him.like(post.id)
    comment_id = him.comment(post.id, "How fine!")
    assert [one.id for one in him.feed()] == [post.id]
    assert him.post(post.id).like_count == 1
    assert comment_id in anna.get(f"/p/{post.raw['shortcode']}/").text
    her.delete(post.id)
    with pytest.raises(ApiError) as missing:
        him.post(post.id)
    assert (missing.value.status, missing.value.code) == (404, "not-found")


def test_the_client_raises_the_error_of_the_site(site, tmp_path):
    client = Client(f"http://localhost:{site.port}", token_of(Visitor(site.port).sign_up("cleo")))
    (tmp_path / "no-picture.jpg").write_bytes(b"this is text")

    with pytest.raises(ApiError, match=r"no-picture\.jpg"):
        client.share([tmp_path / "no-picture.jpg"])

    assert list(client.posts_of(client.me()["id"])) == []


def test_the_client_works_as_a_command(site):
    visitor = Visitor(site.port).sign_up("dora")
    given = {"EVERYFRAME_SITE": f"http://localhost:{site.port}", "EVERYFRAME_TOKEN": token_of(visitor)}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(settings.BASE_DIR / "examples" / "client.py"), *arguments]
        environment = os.environ | given | variables
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    shared = run("share", str(BAD / "name-test.jpg"), "--caption", "From afar")
    assert shared.returncode == 0, shared.stderr
    assert shared.stdout.startswith("published: http://localhost")
    assert "From afar" in visitor.get(f"/p/{shared.stdout.strip().rsplit('/', 2)[1]}/").text
    refused = run("feed", EVERYFRAME_TOKEN="efp_wrong")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "401 token" in refused.stderr

"""Neither originals nor the metadata in them are served to anyone."""

from __future__ import annotations

import pytest

from tests.e2e.hostile_files.uploads import (
    delete_all,
    share,
    wait_until_final,
    wait_until_quiet,
)
from tests.hostile import TOKEN, photo_of_an_owner, video_of_an_owner
from tests.media.pictures import (
    ORIGINALS,
    corner_colours,
    decoded,
    quarters,
)
from tests.media.test_rendering import metadata
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(600)


@pytest.mark.promise("P2")
def test_no_url_serves_an_original(site):
    """Try every way to the original of a published post; after the post is deleted, the file is gone."""
    anna, path = Visitor(site.port).sign_up("anna"), ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"
    sent = wait_until_final(site, anna, share(anna, path.name, path.read_bytes()))
    [(medium_id, key)] = site.sql(
        "SELECT m.id, m.original FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id WHERE u.username = %s",
        anna.username,
    )
    original = site.data_dir / "originals" / key
    assert original.read_bytes() == path.read_bytes()
    assert original.stat().st_mode & 0o077 == 0

    stranger = Visitor(site.port)
    for url in (
        f"/media/{medium_id}/{key}",
        f"/media/{key}",
        f"/originals/{key}",
        f"/media/originals/{key}",
        f"/media/{medium_id}/../../originals/{key}",
        f"/media/%2e%2e/originals/{key}",
        f"/media/{medium_id}/..%2f..%2foriginals%2f{key}",
        f"/static/../originals/{key}",
        f"/static/..%2f..%2foriginals/{key}",
    ):
        for visitor in (anna, stranger):
            assert visitor.get(url).status in {302, 400, 404}, url
    assert path.read_bytes() not in sent.served.values()

    delete_all(anna, [sent])
    wait_until_quiet(site)
    assert not original.exists()
    assert {stranger.get(url).status for url in sent.served} == {404}


@pytest.mark.promise("P1")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC", "AVIF", "MOV"])
def test_public_files_contain_no_metadata_of_the_owner(kind, site, tmp_path):
    content = video_of_an_owner(tmp_path) if kind == "MOV" else photo_of_an_owner(kind)
    assert TOKEN.encode() in content
    bea = Visitor(site.port).sign_up("bea")

    sent = wait_until_final(site, bea, share(bea, f"{TOKEN}.{kind.lower()}", content))

    assert sent.state == "published", sent.message
    assert len(sent.served) == (3 if kind == "MOV" else 4)
    for url, data in sent.served.items():
        assert TOKEN.encode() not in data
        assert TOKEN.encode("utf-16-le") not in data
        for trace in (b"Exif", b"GPS", b"xmpmeta", b"8BIM", b"Lavf", b"com.apple", b"ICC_PROFILE"):
            assert trace not in data, (url, trace)
        if not url.endswith(".mp4"):
            assert metadata(data) == {}
            if kind != "MOV":
                assert corner_colours(decoded(data)) == corner_colours(quarters()), "not upright"
    # The file's name is not on the page that others see either.
    assert TOKEN not in Visitor(site.port).get(sent.url).text
    delete_all(bea, [sent])

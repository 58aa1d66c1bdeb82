"""The web app manifest."""

import pytest


@pytest.mark.django_db
def test_the_manifest_has_the_name_of_the_site_and_existing_icons(client, settings):
    settings.SITE_NAME = "Lindenbilder"

    answer = client.get("/site.webmanifest")

    assert answer["Content-Type"] == "application/manifest+json"
    assert answer.json()["name"] == "Lindenbilder"
    assert all(client.get(icon["src"]).status_code == 200 for icon in answer.json()["icons"])
    assert 'href="/site.webmanifest"' in client.get("/").content.decode()

"""The composer opened in a browser, and files to put into it."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.e2e.composing.composer import EXPECTED_CONSOLE_ERRORS
from tests.e2e.conftest import DESKTOP


@pytest.fixture
def picture(tmp_path):
    """Make a picture file: `picture("a.jpg")`."""

    def make(name, size=(600, 400)):
        path = tmp_path / name
        Image.new("RGB", size, (90, 120, 160)).save(path)
        return path

    return make


@pytest.fixture(params=[DESKTOP], ids=["desktop"])
def composer(request, sign_up):
    page = sign_up("anna", size=request.param, forgive=EXPECTED_CONSOLE_ERRORS, at="/create/")
    page.on("dialog", lambda dialog: dialog.accept())
    return page

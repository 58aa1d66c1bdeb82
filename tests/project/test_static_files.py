"""Collected static files: hashed names, a single stylesheet, and modules that import each other by hashed names."""

import gzip
import re

import pytest
from django.contrib.staticfiles import storage as staticfiles
from django.core.management import call_command


@pytest.mark.parametrize(
    "backend",
    ["QuicklyCompressedStaticFilesStorage", pytest.param("CompressedStaticFilesStorage", marks=pytest.mark.deep)],
)
def test_the_stylesheet_is_one_file_and_every_reference_is_hashed(backend, tmp_path, settings):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": f"common.staticfiles.{backend}"}}
    call_command("collectstatic", interactive=False, verbosity=0)

    url = staticfiles.staticfiles_storage.url
    css = (tmp_path / url("css/site.css").removeprefix("/static/")).read_text()
    script = (tmp_path / url("js/site.js").removeprefix("/static/")).read_text()

    assert re.fullmatch(r"/static/css/site\.[0-9a-f]{12}\.css", url("css/site.css"))
    assert "@import" not in css
    assert "@layer components {" in css
    assert ".post-card" in css
    assert re.search(r'import ?"\./toasts\.[0-9a-f]{12}\.js"', script)
    stylesheet = tmp_path / url("css/site.css").removeprefix("/static/")
    packed = stylesheet.with_name(f"{stylesheet.name}.gz")
    assert gzip.decompress(packed.read_bytes()) == stylesheet.read_bytes()

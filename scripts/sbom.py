"""Write sbom.cdx.json: the packages the site runs on, as a CycloneDX bill of materials.

`make sbom` runs this after `make requirements`. Names and versions come from requirements.txt, and licences from
the installed packages. The output depends on nothing else, so that a test can compare it.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
SBOM = ROOT / "sbom.cdx.json"


def pins() -> dict[str, str]:
    """Map each package in requirements.txt to its pinned version."""
    text = (ROOT / "requirements.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def build() -> str:
    """Return the bill of materials as JSON."""
    root = Component(name="everyframe", type=ComponentType.APPLICATION, bom_ref="everyframe")
    bom = Bom(metadata=BomMetaData(component=root))
    components = [_component(name, version) for name, version in sorted(pins().items())]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(root, components)
    listed = json.loads(JsonV1Dot6(bom).output_as_string())
    # These differ at each run.
    del listed["serialNumber"], listed["metadata"]["timestamp"]
    return json.dumps(listed, indent=2, sort_keys=True) + "\n"


def _component(name: str, version: str) -> Component:
    purl = PackageURL(type="pypi", name=name.lower().replace("_", "-"), version=version)
    licences = [LicenseFactory().make_from_string(text) for text in _licences(name)]
    return Component(name=name, version=version, purl=purl, licenses=licences, bom_ref=str(purl))


def _licences(name: str) -> list[str]:
    """Return the declared licence: an SPDX expression, else the classifiers, else the short free text."""
    info = metadata.metadata(name)
    if expression := info.get("License-Expression"):
        return [expression]
    classifiers = [
        line.rpartition(" :: ")[2] for line in info.get_all("Classifier") or [] if line.startswith("License")
    ]
    named = sorted(line for line in classifiers if line != "OSI Approved")
    text = (info.get("License") or "").strip()
    return named[:1] or ([text] if text and len(text) < 80 else [])


if __name__ == "__main__":
    SBOM.write_text(build())

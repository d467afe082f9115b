"""Lists the JavaScript packages that are bundled in a wheel (CycloneDX, PEP 770); `make page runtime` bundles them.

A bundle begins with a notice: names and versions of the packages in it, above the text of their licence. The lock file
that it was made from has the name of the licence and the hash of each package.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLES = {
    "unetkit/play/page/editor.js": "editor/package-lock.json",
    "unetkit/trained/card/embedded/runtime.js": "card-runtime/package-lock.json",
}
"""The lock file of each bundle."""
FILE = "javascript.cdx.json"
_PACKAGE = r"(?:@[\w.-]+/)?[\w.-]+ \d+\.\d+\.\d+\S*?"
_HEADING = re.compile(rf"{_PACKAGE}(?:, {_PACKAGE})*")


class BundledPackages(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the list to the wheel if it holds a bundle."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        built = {bundle: lock for bundle, lock in BUNDLES.items() if (root / bundle).exists()}
        if version == "editable" or not built:
            return
        found = [
            package
            for bundle, lock in built.items()
            for package in components((root / bundle).read_text("utf-8"), json.loads((root / lock).read_text("utf-8")))
        ]
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / FILE
        file.write_text(json.dumps(bill(found), indent=2), encoding="utf-8")
        build_data["sbom_files"].append(str(file))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


def components(bundle: str, lock: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the packages of a bundle as components of CycloneDX.

    Raises ValueError if the bundle names no package, or one that is not in the lock file: then it is of another one.
    """
    packages = [package for line in notice(bundle) if _HEADING.fullmatch(line) for package in line.split(", ")]
    if not packages:
        raise ValueError("the bundle does not begin with the packages that it holds")
    for package in packages:
        name, version = package.split(" ")
        entry = lock["packages"].get(f"node_modules/{name}")
        if entry is None or entry["version"] != version:
            raise ValueError(f"the bundle holds {package}, which the lock file does not: bundle it again")
        algorithm, _, digest = entry["integrity"].partition("-")
        address = f"pkg:npm/{quote(name)}@{version}"
        yield {
            "type": "library",
            "bom-ref": address,
            "name": name,
            "version": version,
            "licenses": [{"license": {"id": entry["license"]}}],
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": b64decode(digest).hex()}],
            "purl": address,
        }


def notice(bundle: str) -> list[str]:
    """The lines of the comment that a bundle begins with."""
    return bundle.partition("*/")[0].splitlines() if bundle.startswith("/*!") else []


def bill(packages: list[dict[str, Any]]) -> dict[str, Any]:
    """The list of packages as a document of CycloneDX."""
    references = [package["bom-ref"] for package in packages]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "library", "bom-ref": "unetkit", "name": "unetkit", "purl": "pkg:pypi/unetkit"}
        },
        "components": packages,
        "dependencies": [{"ref": "unetkit", "dependsOn": references}, *({"ref": one} for one in references)],
    }

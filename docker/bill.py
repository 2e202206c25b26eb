"""Write the bill of materials of an image's Python packages, as CycloneDX JSON.

The image is asked, not the lock: what is listed is what is there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

# Run in the image, whose Python has nothing but the standard library for certain.
_LIST = """
import importlib.metadata as metadata, json
found = []
for one in metadata.distributions():
    told = one.metadata
    found.append({
        "name": told["Name"],
        "version": one.version,
        "license": told["License-Expression"] or told["License"] or "",
        "classifiers": told.get_all("Classifier") or [],
        "files": sorted(
            str(file) for file in one.files or ()
            if file.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))
        ),
    })
print(json.dumps(found))
"""
_LONGEST = 60  # characters of a licence's name; more is its text
_PREFIX = "License :: "
Package = Mapping[str, object]


def packages_of(image: str, engine: str) -> list[Package]:
    """Name, version and what is said of the licence, of each package of the image."""
    command = [engine, "run", "--rm", "--interactive", "--network", "none", image, "python", "-"]
    told = subprocess.run(command, input=_LIST, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def licence_of(package: Package) -> str:
    """An SPDX expression or a name; empty where nothing is said."""
    said = str(package["license"]).strip()
    if said and "\n" not in said and len(said) <= _LONGEST:
        return said
    names = [
        str(one).rpartition(" :: ")[2]
        for one in package["classifiers"]  # type: ignore[attr-defined]
        if str(one).startswith(_PREFIX)
    ]
    names = [name for name in names if name != "OSI Approved"]
    return " AND ".join(names)


def bill(packages: Iterable[Package], name: str, version: str) -> Bom:
    """The bill of an image that holds the packages."""
    licences = LicenseFactory()
    components = [
        Component(
            type=ComponentType.LIBRARY,
            name=str(package["name"]),
            version=str(package["version"]),
            purl=PackageURL("pypi", None, str(package["name"]).lower(), str(package["version"])),
            licenses=[licences.make_from_string(said)] if (said := licence_of(package)) else [],
            bom_ref=f"{package['name']}=={package['version']}",
        )
        for package in packages
    ]
    bom = Bom(components=components)
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER, name=name, version=version, bom_ref="image"
    )
    bom.register_dependency(bom.metadata.component, components)
    return bom


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("output", type=Path, help="the file to write")
    parser.add_argument("--engine", default="docker")
    parser.add_argument("--version", default="unknown")
    arguments = parser.parse_args()
    packages = packages_of(arguments.image, arguments.engine)
    silent = [str(one["name"]) for one in packages if not licence_of(one)]
    if silent:
        print(f"no licence is told by {', '.join(silent)}", file=sys.stderr)
        return 1
    name = arguments.image.rpartition("/")[2].partition(":")[0]
    text = JsonV1Dot6(bill(packages, name, arguments.version)).output_as_string(indent=1)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

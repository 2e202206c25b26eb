"""Check the locked packages, or those of an image, against advisories.json, with no network.

Every finding is either mended by another version or accepted, with a reason, in accepted.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
LOCKS = ("runtime.txt", "mxnet-cpu.txt", "mxnet-gpu.txt", "build.txt")
Versions = Mapping[str, Sequence[str]]  # of each package; a lock may hold one for each Python


@dataclass(frozen=True)
class Advisory:
    """A known weakness of the versions `affected` of a package, or of what is built into it."""

    id: str
    package: str
    affected: SpecifierSet
    about: str


@dataclass(frozen=True)
class Acceptance:
    """Why a finding may stay."""

    id: str
    package: str
    reason: str


def locked_versions(files: Iterable[Path]) -> dict[str, list[str]]:
    """What requirements files pin."""
    found: dict[str, list[str]] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if pinned := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line):
                found.setdefault(canonicalize_name(pinned[1]), []).append(pinned[2])
    return found


def listed_versions(bill: Path) -> dict[str, list[str]]:
    """What a CycloneDX bill of materials lists."""
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    return {canonicalize_name(one["name"]): [one["version"]] for one in components}


def read_advisories(file: Path) -> list[Advisory]:
    return [
        Advisory(one["id"], package, SpecifierSet(one["affected"]), one["about"])
        for one in json.loads(file.read_text(encoding="utf-8"))["advisories"]
        for package in one["packages"]
    ]


def last_looked_at(file: Path) -> str:
    """The day on which the advisories were what was known."""
    return str(json.loads(file.read_text(encoding="utf-8"))["as_of"])


def read_accepted(file: Path) -> list[Acceptance]:
    return [
        Acceptance(name, package, group["reason"])
        for group in json.loads(file.read_text(encoding="utf-8"))["accepted"]
        for name in group["ids"]
        for package in group["packages"]
    ]


def findings(versions: Versions, advisories: Iterable[Advisory]) -> list[tuple[Advisory, str]]:
    """Which advisories meet a version that is there."""
    return [
        (advisory, version)
        for advisory in advisories
        for version in versions.get(canonicalize_name(advisory.package), ())
        if advisory.affected.contains(version, prereleases=True)
    ]


def audit(
    versions: Versions,
    advisories: Sequence[Advisory],
    accepted: Sequence[Acceptance],
    *,
    whole: bool = True,
) -> list[str]:
    """Problems, in words.

    Args:
        whole: the versions are all that the acceptances are about, so one that meets none is stale.
    """
    problems = []
    found = findings(versions, advisories)
    reasons = {(one.id, one.package): one.reason for one in accepted}
    for advisory, version in found:
        if (advisory.id, advisory.package) not in reasons:
            problems.append(
                f"{advisory.package} {version}: {advisory.id}, {advisory.about}. Take a version "
                f"that is not {advisory.affected}, or accept it with a reason in accepted.json."
            )
    met = {(advisory.id, advisory.package) for advisory, _ in found}
    for key, reason in reasons.items():
        if len(reason.split()) < 5:
            problems.append(f"{' of '.join(key)}: accepted without a reason")
        if whole and key not in met:
            problems.append(f"{' of '.join(key)}: accepted, and met by nothing. Remove it.")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bill", type=Path, help="CycloneDX JSON, in place of the locks")
    arguments = parser.parse_args()
    if arguments.bill:
        versions: Versions = listed_versions(arguments.bill)
    else:
        versions = locked_versions(HERE / name for name in LOCKS)
    known = HERE / "advisories.json"
    advisories = read_advisories(known)
    accepted = read_accepted(HERE / "accepted.json")
    problems = audit(versions, advisories, accepted, whole=arguments.bill is None)
    for problem in problems:
        print(problem, file=sys.stderr)
    count = len(findings(versions, advisories))
    print(
        f"{len(versions)} packages, {len(advisories)} advisories, last looked at on "
        f"{last_looked_at(known)}, {count} met: see accepted.json"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

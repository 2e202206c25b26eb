import json
import re
import sys

import pytest
from packaging.specifiers import SpecifierSet
from requirements import audit
from requirements.audit import Acceptance, Advisory

REASON = "It is never called with anything from outside."
WEAK = Advisory("CVE-1", "Some_Package", SpecifierSet("<2"), "it does too much")


@pytest.mark.parametrize(
    ("version", "weak"), [("1.9", True), ("2.0", False), ("2.0rc1", False), ("1.0.post1", True)]
)
def test_a_version_that_is_affected_is_found_whatever_its_name_looks_like(version, weak):
    problems = audit.audit({"some-package": [version]}, [WEAK], [])
    assert len(problems) == weak
    assert all("CVE-1" in one and "it does too much" in one for one in problems)


def test_one_of_two_locked_versions_is_enough():
    assert audit.audit({"some-package": ["3", "1"]}, [WEAK], [])


def test_what_is_accepted_is_no_problem_while_it_is_met():
    accepted = [Acceptance("CVE-1", "Some_Package", REASON)]
    assert audit.audit({"some-package": ["1"]}, [WEAK], accepted) == []
    assert "met by nothing" in audit.audit({"some-package": ["2"]}, [WEAK], accepted)[0]
    assert audit.audit({}, [WEAK], accepted, whole=False) == []


def test_an_acceptance_is_of_one_finding_and_has_a_reason():
    other = [Acceptance("CVE-2", "Some_Package", REASON)]
    assert any("CVE-1" in one for one in audit.audit({"some-package": ["1"]}, [WEAK], other))
    empty = [Acceptance("CVE-1", "Some_Package", "fine")]
    assert "without a reason" in audit.audit({"some-package": ["1"]}, [WEAK], empty)[0]


def test_locks_and_bills_are_read(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# a comment==1\nZope_Event==6.2 \\\n    --hash=sha256:0\n"
        'pillow==12.3.0 ; python_version < "3.11" \\\npillow==13.0.0 \\\n'
    )
    assert audit.locked_versions([lock]) == {"zope-event": ["6.2"], "pillow": ["12.3.0", "13.0.0"]}
    bill = tmp_path / "bill.json"
    bill.write_text(json.dumps({"components": [{"name": "Zope.Event", "version": "6.2"}]}))
    assert audit.listed_versions(bill) == {"zope-event": ["6.2"]}


def test_nothing_that_is_locked_is_weak_and_unanswered(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    status, said = audit.main(), capsys.readouterr()
    assert status == 0, said.err
    assert re.search(r"last looked at on 20\d\d-\d\d-\d\d, [1-9]\d* met", said.out)
    assert "mxnet" in audit.locked_versions(audit.HERE / name for name in audit.LOCKS)


def test_every_advisory_is_read_once_and_names_a_package_that_is_locked():
    """One of a package that nobody has any more says nothing."""
    advisories = audit.read_advisories(audit.HERE / "advisories.json")
    assert len({(one.id, one.package, str(one.affected)) for one in advisories}) == len(advisories)
    locked = audit.locked_versions(audit.HERE / name for name in audit.LOCKS)
    assert {one.package for one in advisories} <= set(locked)


def test_the_day_of_the_list_is_told():
    day = audit.last_looked_at(audit.HERE / "advisories.json")
    assert day in (audit.HERE.parent / "docs/security.md").read_text(encoding="utf-8")

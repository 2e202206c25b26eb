import json

import pytest
from cyclonedx.output.json import JsonV1Dot6
from docker import bill


def package(name="x", version="1.0", license="", classifiers=()):
    return {"name": name, "version": version, "license": license, "classifiers": list(classifiers)}


OSI = "License :: OSI Approved :: "
EITHER = "Apache-2.0 OR BSD-3-Clause"


@pytest.mark.parametrize(
    ("said", "classifiers", "told"),
    [
        ("MIT", (), "MIT"),
        (EITHER, (OSI + "Other",), EITHER),
        ("Copyright 2001\nPermission is …", (OSI + "BSD License",), "BSD License"),
        ("a text without an end " * 4, ("License :: A", "License :: B"), "A AND B"),
        ("", ("License :: OSI Approved", "Topic :: C"), ""),
    ],
)
def test_a_licence_is_what_the_package_says_or_its_classifiers(said, classifiers, told):
    assert bill.licence_of(package(license=said, classifiers=classifiers)) == told


def test_the_bill_names_each_package_so_that_others_find_it():
    packages = [package("Jinja2", "3.1.6", "BSD-3-Clause"), package("six", "1.17.0", "MIT")]
    told = json.loads(JsonV1Dot6(bill.bill(packages, "ensemble", "0.1")).output_as_string())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["type"] == "container"
    found = {one["purl"]: one["licenses"][0]["license"] for one in told["components"]}
    assert found == {
        "pkg:pypi/jinja2@3.1.6": {"id": "BSD-3-Clause"},
        "pkg:pypi/six@1.17.0": {"id": "MIT"},
    }
    [of_image] = [one for one in told["dependencies"] if one["ref"] == "image"]
    assert len(of_image["dependsOn"]) == 2


def test_a_package_without_a_licence_is_named_and_no_bill_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bill, "packages_of", lambda *asked: [package("silent")])
    monkeypatch.setattr("sys.argv", ["bill.py", "image", str(tmp_path / "bill.json")])
    assert bill.main() == 1
    assert "silent" in capsys.readouterr().err
    assert not (tmp_path / "bill.json").exists()

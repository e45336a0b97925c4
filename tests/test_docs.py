"""The documentation says what the code does."""

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

from blog.config import Settings, variable
from tests.test_house import LEVEL, ORDER

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOUSE = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_setting_as_the_code_has_it() -> None:
    found = re.findall(r"^\| `(BLOG_\w+|HOST|PORT)` \|.*$", README, re.M)
    assert found == [variable(row) for row in fields(Settings)]
    for row in fields(Settings):
        default, unit, words = (row.metadata[name] for name in ("default", "unit", "help"))
        shown = f"`{default}`" if default else "(empty)"
        assert f"| `{variable(row)}` | {shown} | {unit} | {words} |" in README


def test_the_readme_gives_every_dependency_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    names = {re.split(r"[\[<>=]", line)[0] for line in wanted}
    table = README.partition("| package | why |")[2]
    assert set(re.findall(r"^\| ([\w.-]+) \| .{15,} \|$", table, re.M)) == names


def test_the_house_page_names_every_module_on_its_line() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .{10,} \|$", HOUSE, re.M)
    assert {name: int(line) for line, name in rows} == LEVEL
    assert [name for _, name in rows] == ORDER.split()


def test_every_file_the_documentation_links_to_exists() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_lock_file_names_a_registry() -> None:
    for path in ROOT.glob("requirements*.txt"):
        assert "://" not in path.read_text()
        assert "--index-url" not in path.read_text()
    packages = json.loads((ROOT / "tests/quality/package-lock.json").read_text())["packages"]
    del packages[""]
    assert len(packages) > 100
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []

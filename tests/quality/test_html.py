"""Every page is valid HTML and every stylesheet valid CSS, says the Nu HTML Checker."""

import json
import re
import subprocess
from pathlib import Path

from tests.needs import java, tool
from tests.quality.tour import Tour

STATIC = Path(__file__).parent.parent.parent / "blog" / "static"
JAR = "vnu-jar/build/dist/vnu.jar"
# CSS Basic User Interface 4 has it; the checker's list is older.
UNKNOWN = "CSS: “field-sizing”: Property “field-sizing” doesn't exist."
# A page that is read as a file has no origin that could be its own; and the checker takes data,
# which nothing runs, for a script.
OWN = re.compile(
    r"Resource violates Content Security Policy \(meta tag\): .* “/static/.*”|"
    r"Inline script violates Content Security Policy \(meta tag\): .*"
)


def complaints(paths: list[Path]) -> list[str]:
    options = ["--also-check-css", "--also-check-svg", "--format", "json", "--exit-zero-always"]
    command = [java(), "-jar", str(tool(JAR)), *options, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    messages = json.loads(done.stderr)["messages"]
    return [
        f"{Path(found['url']).name}, line {found.get('lastLine', 0)}: {found['message']}"
        for found in messages
        if found["message"] != UNKNOWN and not OWN.match(found["message"])
    ]


def test_every_page_and_stylesheet_is_valid(tour: Tour, tmp_path: Path) -> None:
    for number, kept in enumerate(tour.kept.values()):
        name = f"{number} {kept.name}".replace("/", "-")
        (tmp_path / f"{name}.html").write_bytes(kept.body)
    assert complaints([tmp_path, *STATIC.glob("*.css"), *STATIC.glob("*.svg")]) == []


def test_a_page_that_is_not_valid_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "wrong.html").write_text("<!doctype html><html lang=en><title>A</title><p><p id>")
    (tmp_path / "wrong.css").write_text("p { colour: red }")
    # The checker goes through a folder in the order of its file system.
    named = sorted(words.partition(",")[0] for words in complaints([tmp_path]))
    assert named == ["wrong.css", "wrong.html"]

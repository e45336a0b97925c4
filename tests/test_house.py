"""The house holds: who imports whom, what no template says, how long things may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "blog"

# A module imports only from lines above its own; modules on one line do not know each other.
ORDER = """
errors
config
db markup content
tokens revision urls
accounts outbox spam private once
permissions journal
webhooks
articles enquiries
comments staff
imports exports privacy summary announcing
schemas
forms limits security templating problems reload pagecache
assets health public feeds api ghost embed admin
frozen
cli
"""
# The command line is a program of its own, so it makes the application it works in.
LEVEL = {name: level for level, line in enumerate(ORDER.split("\n")) for name in line.split()}
FUNCTION_MAX_LINES = 40
MODULE_MAX_LINES = 400


def modules() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Names of our modules that a syntax tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "blog":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("blog."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("blog."))


def wrong_imports(name: str, source: str) -> list[str]:
    """What a module imports though it stands on its own line or below."""
    own = {name, "create_app"} if name == "cli" else {name}
    found = set(imported(ast.parse(source))) - own
    return sorted(other for other in found if LEVEL.get(other, 999) >= LEVEL[name])


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_module_imports_only_from_lines_above_its_own(path: Path) -> None:
    name = name_of(path)
    if name in ("__init__", "__main__"):
        return
    assert name in LEVEL, f"{name} has no place in the list yet"
    assert wrong_imports(name, path.read_text()) == []


def test_the_check_of_imports_can_fail() -> None:
    assert wrong_imports("db", "from blog import public\nimport blog.cli") == ["cli", "public"]
    assert wrong_imports("enquiries", "from blog.articles import Article") == ["articles"]


def test_every_module_of_the_list_exists() -> None:
    assert set(LEVEL) == {name_of(path) for path in modules()} - {"__init__", "__main__"}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def length(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= MODULE_MAX_LINES
    long = [f.name for f in functions(ast.parse(source)) if length(f) > FUNCTION_MAX_LINES]
    assert long == []


def test_only_config_reads_the_environment() -> None:
    readers = [
        name_of(path) for path in modules() if re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    assert readers == ["config"]


def test_only_markup_imports_what_renders_and_cleans() -> None:
    pattern = r"^\s*(?:from|import) (?:markdown|markdown_it|bleach|nh3)\b"
    users = {name_of(path) for path in modules() if re.search(pattern, path.read_text(), re.M)}
    assert users == {"markup"}


def test_no_template_marks_anything_safe_or_carries_inline_code() -> None:
    pattern = re.compile(r"\|\s*safe\b|autoescape false|\bstyle=|<script>|\son\w+=\"")
    templates = (HOUSE / "templates").rglob("*.html")
    marked = [
        str(path.relative_to(HOUSE))
        for path in templates
        if pattern.search(path.read_text()) and "mail" not in path.parts
    ]
    assert marked == []


def test_an_exemption_carries_its_code_and_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*modules(), *(ROOT / "tests").rglob("*.py")]
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"#\s(?:noqa|type: ignore)(?!: [A-Z]+\d+.{8}|\[[\w, -]+\].{8})", line)
        or re.search(r"#\spragma: no (?:cover|branch)\s*$", line)
        or re.search(r"mark\.one_database(?!\(\"[^\"]{20})", line)
    ]
    assert bare == []


def sentences(path: Path) -> Iterator[str]:
    """What of a file people may come to read."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield re.sub(r"\{#.*?#\}", "", text, flags=re.S)
        return
    tree = ast.parse(text)
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.value


def straight(text: str) -> list[str]:
    """Find words with the apostrophe of typewriters; a backslash before one makes it no word."""
    return re.findall(r"(?<!\\)\b[A-Za-z]+'[a-z]+", text)


def quoted(text: str) -> list[str]:
    """Find words between the quotation marks of typewriters; what is to be typed has them."""
    told = re.sub(r"\{[{%].*?[%}]\}|<(code|pre|style)\b.*?</\1>|<[^>]*>", "", text, flags=re.S)
    return re.findall(r'(?<![=:] )(?<![^\s(])"[^\W\d_][^"=]*"(?![^\s.,;!?)])', told)


def test_what_people_read_has_curly_apostrophes_and_quotation_marks() -> None:
    """All but what a terminal shows: the settings' table and what the command line says."""
    shown = [
        path for path in modules() if path.relative_to(HOUSE).parts[0] not in ("cli", "config")
    ]
    shown += [path for path in (HOUSE / "templates").rglob("*.*") if path.is_file()]
    shown += (ROOT / "content" / "pages").glob("*.md")
    assert [
        (path.name, *found)
        for path in shown
        for text in sentences(path)
        if (found := straight(text) + quoted(text))
    ] == []


def test_the_check_of_apostrophes_can_fail(tmp_path: Path) -> None:
    page, module = tmp_path / "page.html", tmp_path / "module.py"
    page.write_text("{# don't #}<p>It can't be.</p>{{ name|default('x') }}")
    module.write_text('"""It isn\'t."""\nname = f"{who}\'s and somebody\'s"\nword = r"\\w\'s"\n')
    assert [straight(text) for text in sentences(page)] == [["can't"]]
    assert sorted(word for text in sentences(module) for word in straight(text)) == ["somebody's"]


def test_the_check_of_quotation_marks_can_fail(tmp_path: Path) -> None:
    page, module = tmp_path / "page.html", tmp_path / "module.py"
    page.write_text(
        """<p class="a">She said "It was clear", and "so".</p>{{ "x y" }}<code>say "Hello"</code>"""
    )
    module.write_text(
        """words = ['The button "Save".', 'title = "My site"', '{"step": "import"}', 'a="b"']"""
    )
    assert [quoted(text) for text in sentences(page)] == [['"It was clear"', '"so"']]
    assert [word for text in sentences(module) for word in quoted(text)] == ['"Save"']

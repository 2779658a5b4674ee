"""The documentation says what the code says: generated pages equal the code, and what pages name exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.cli import find_commands, option_names
from docs.generate.http_api import describe_api, find_routes
from docs.generate.modules import PACKAGES, ROOT
from docs.generate.pages import DOCS, RENDERERS
from docs.generate.settings import find_settings

PAGES = [ROOT / "README.md", ROOT / "tests" / "benchmarks" / "README.md", *sorted(DOCS.rglob("*.md"))]
MAX_LINE_CHARS = 120
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LINK_DEFINITION = re.compile(r"^\[[^\]]+\]: (\S+)$", re.MULTILINE)
SETTING = re.compile(r"\bPINCITE_[A-Z_]+\b")
COMMAND = re.compile(r"(?:^|[`/ ])(pincite (?!import )[a-z]+[^`\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")
ROUTE = re.compile(r"(?:GET|POST|DELETE) /[\w/{}.-]+")
MODULE = re.compile(
    r"`((?:ingest|rag|api|ui|tests)(?:/[\w.-]+)*/?|(?:ingest|rag|api|ui)(?:\.[a-z_0-9]+)+)(?::[\w.]+)?`"
)
DEFINITION = re.compile(r"`((?:ingest|rag|api|ui)/[\w/]+\.py):([\w.]+)`")
OTHER_VARIABLES = {"PINCITE_PASSWORD"}
"""Variables that one option of a command reads."""
RECORDS = DOCS / "development" / "decisions"
MEASURED = DOCS / "development" / "scorecard.md"
GENERATED = {MEASURED, *(DOCS / name for name in RENDERERS)}
CURRENT = [page for page in PAGES if page not in GENERATED and page.parent != RECORDS]
"""Pages that people write and that say what is true now; a decision says what was true on its day."""


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_a_generated_page_equals_the_code(name: str) -> None:
    assert read(name) == RENDERERS[name](), "run `make docs`"


def test_every_command_is_in_the_reference() -> None:
    assert [words for words, _ in find_commands() if f"## `{words}" not in read("reference/cli.md")] == []


def test_every_setting_is_in_the_reference_with_a_description() -> None:
    page = " ".join(read("reference/settings.md").split())
    settings = find_settings()
    assert [name for name in settings if f"`{name}`" not in page] == []
    assert [name for name, field in settings.items() if not field.description] == []


@pytest.fixture(scope="module")
def routes() -> frozenset[str]:
    return frozenset(route for route, _ in find_routes(describe_api()))


def test_every_route_is_in_the_reference(routes: frozenset[str]) -> None:
    page = read("reference/http-api.md")
    assert [route for route in routes if f"### `{route}`" not in page] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_in_the_module_map(package: str) -> None:
    page = read("development/modules.md")
    modules = [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    assert [path.name for path in modules if f"- `{path.name}`: " not in page] == []


def test_every_decision_is_in_the_index() -> None:
    index = read("development/decisions/README.md")
    records = [path.name for path in RECORDS.glob("20*.md")]
    assert [name for name in records if f"({name})" not in index] == []


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose_of(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return what GitHub makes of the headings: lower case, no punctuation, hyphens for spaces."""
    headings = [line.lstrip("#").strip() for line in prose_of(page).splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """Yield every relative link of a page that leads nowhere."""
    prose = prose_of(page)
    for link in LINK.findall(prose) + LINK_DEFINITION.findall(prose):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_and_image_resolves(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
def test_lines_of_prose_fit_120_characters(page: Path) -> None:
    without_targets = re.sub(r"\]\([^)]*\)", "]", prose_of(page))
    lines = [line for line in without_targets.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > MAX_LINE_CHARS] == []


def test_the_readme_is_short_and_maps_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT).as_posix() for page in DOCS.rglob("*.md") if page.name[:2] != "20"]
    assert len(readme.splitlines()) < 200
    assert [page for page in pages if f"({page})" not in readme] == []


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    named = set(SETTING.findall(page.read_text(encoding="utf-8")))
    assert named - set(find_settings()) - OTHER_VARIABLES == set()


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    commands = dict(find_commands())
    typed = [line.split(" #")[0] for line in COMMAND.findall(page.read_text(encoding="utf-8"))]
    for line in typed:
        named = [words for words in commands if f"{line} ".startswith(f"{words} ")]
        is_group = any(words.startswith(f"{line} ") for words in commands)
        assert named or is_group, line
        assert all(set(OPTION.findall(line)) <= option_names(commands[words]) for words in named), line


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_every_route_that_a_page_names_exists(page: Path, routes: frozenset[str]) -> None:
    named = set(ROUTE.findall(page.read_text(encoding="utf-8")))
    assert named - routes - {"GET /openapi.json"} == set()


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_every_module_and_folder_that_a_page_names_exists(page: Path) -> None:
    named = MODULE.findall(page.read_text(encoding="utf-8"))
    paths = [name if "/" in name else name.replace(".", "/") for name in named]
    assert [path for path in paths if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()] == []


def definitions_of(module: Path) -> set[str]:
    """Return the names of a module's functions, classes and methods, methods as `Class.method`."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return {
        *(node.name for node in body if isinstance(node, (*functions, ast.ClassDef))),
        *(f"{node.name}.{part.name}" for node in classes for part in node.body if isinstance(part, functions)),
    }


@pytest.mark.parametrize("page", CURRENT, ids=name_of)
def test_every_class_and_function_that_a_page_names_exists(page: Path) -> None:
    named = DEFINITION.findall(page.read_text(encoding="utf-8"))
    assert [name for path, name in named if name not in definitions_of(ROOT / path)] == []


def test_the_way_of_a_question_has_at_most_12_steps() -> None:
    way = read("development/architecture.md").partition("## The way of a question")[2].partition("\n## ")[0]
    steps = re.findall(r"^(\d+)\. ", way, re.MULTILINE)
    assert 0 < len(steps) <= 12


def defined_names(module: Path) -> set[str]:
    """Return the names of all functions, methods and classes of a module."""
    nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}


def test_every_name_of_the_glossary_is_in_the_module_that_it_names() -> None:
    table = read("glossary.md").partition("## Names in the code")[2]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    named = [(name, row[-1].strip(" `")) for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert len(named) > 100
    assert [name for name, path in named if name.split(".")[0] not in defined_names(ROOT / path)] == []


MAX_WHERE_PER_1000_WORDS = 3
"""“Where” for a condition is a habit that makes prose hard to read; a place is rarely meant."""


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_say_if_and_when(package: str) -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for path in (ROOT / package).rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    docstrings = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, documented)]
    words = [word.casefold() for docstring in docstrings for word in re.findall(r"[A-Za-z']+", docstring)]
    assert words.count("where") * 1_000 <= MAX_WHERE_PER_1000_WORDS * len(words)

"""The documentation says what the code says: generated pages equal the code, and what pages name exists."""

import pytest

from docs.generate.cli import find_commands
from docs.generate.http_api import describe_api, find_routes
from docs.generate.modules import PACKAGES, ROOT
from docs.generate.pages import DOCS, RENDERERS
from docs.generate.settings import find_settings


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


def test_every_route_is_in_the_reference() -> None:
    page = read("reference/http-api.md")
    assert [route for route, _ in find_routes(describe_api()) if f"### `{route}`" not in page] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_in_the_module_map(package: str) -> None:
    page = read("development/modules.md")
    modules = [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    assert [path.name for path in modules if f"- `{path.name}`: " not in page] == []


def test_every_decision_is_in_the_index() -> None:
    index = read("development/decisions/README.md")
    records = [path.name for path in (DOCS / "development" / "decisions").glob("20*.md")]
    assert [name for name in records if f"({name})" not in index] == []


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

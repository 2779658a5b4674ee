"""Every setting, command, route and module stands in README.md."""

from pathlib import Path

import pytest
import typer
from pydantic.fields import FieldInfo

from api.app import create_app
from api.cli import app as cli
from api.services import Services
from api.settings import ApiSettings, load_settings
from ingest.settings import IngestSettings
from rag.settings import RagSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = {
    f"PINCITE_{name.upper()}": field
    for settings in (IngestSettings, RagSettings, ApiSettings)
    for name, field in settings.model_fields.items()
}


def commands() -> list[str]:
    """Return every command as it is typed, groups included."""
    root = typer.main.get_command(cli)
    found: list[str] = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]  # a click group
        below = getattr(command, "commands", None)
        found.extend(f"pincite {name} {sub}" for sub in below) if below else found.append(f"pincite {name}")
    return found


def routes(tmp_path: Path) -> list[str]:
    """Return every route of the API as `METHOD /path`."""
    settings = load_settings(home=tmp_path)
    services = Services(settings)
    paths = create_app(services, settings.api).openapi()["paths"]
    services.close()
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_in_the_readme_with_its_description(name: str) -> None:
    field: FieldInfo = SETTINGS[name]
    assert f"`{name}`" in README
    assert field.description
    assert field.description in README


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`{command}" in README


def test_every_route_is_in_the_readme(tmp_path: Path) -> None:
    assert [route for route in routes(tmp_path) if f"`{route}`" not in README] == []


def test_the_readme_names_no_route_or_command_that_does_not_exist(tmp_path: Path) -> None:
    known = {route.split(" ", 1)[1] for route in routes(tmp_path)}
    named = {
        cell.split("`")[1].split(" ", 1)[1]
        for cell in README.splitlines()
        if cell.startswith(("| `GET /", "| `POST /", "| `DELETE /"))
    }
    assert named <= known
    typed = {line.split("`")[1] for line in README.splitlines() if line.startswith("| `pincite ")}
    assert all(any(line.startswith(command) for command in commands()) for line in typed)


@pytest.mark.parametrize("package", ["ingest", "rag", "api", "ui"])
def test_every_module_is_in_the_file_tree_of_the_readme(package: str) -> None:
    modules = [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    assert [path.name for path in modules if path.name not in README] == []


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

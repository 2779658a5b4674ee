"""The arrows between the packages, read from the imports."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_USE = {
    "ingest": {"ingest"},
    "rag": {"rag", "ingest"},
    "api": {"api", "rag", "ingest"},
    "ui": {"ui"},
}
MODULES = sorted(path for package in MAY_USE for path in (ROOT / package).rglob("*.py"))
LEAVES = {"types.py", "errors.py"}
NATIVE = {"torch", "sentence_transformers", "llama_cpp", "pypdfium2", "pypdf", "docx", "lxml", "selectolax"}
STANDARD_LIBRARY_NAMES = {"types", "queue", "html", "email", "json", "logging", "calendar", "code", "token", "select"}


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_package_uses_only_what_its_arrow_allows(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = {module.split(".")[0] for module in imports(path)} & set(MAY_USE)
    assert ours <= MAY_USE[package]


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name in LEAVES and path.parent.name in {"ingest", "rag", "engines"}],
    ids=name,
)
def test_types_and_errors_import_nothing_of_ours_but_lower_types(path: Path) -> None:
    ours = {module for module in imports(path) if module.split(".")[0] in MAY_USE}
    assert all(module.endswith((".types", ".errors")) for module in ours)


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "settings.py"], ids=name)
def test_only_settings_read_the_environment(path: Path) -> None:
    source = ast.parse(path.read_text(encoding="utf-8"))
    reads = [
        node for node in ast.walk(source) if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    # A child process inherits the environment: handing it on as a whole is not reading a setting.
    handed_on = [node for node in ast.walk(source) if isinstance(node, ast.Dict) for key in node.keys if key is None]
    assert len(reads) <= len(handed_on)


@pytest.mark.parametrize("path", sorted((ROOT / "api").rglob("*.py")), ids=name)
def test_the_server_process_imports_no_native_parser_or_model(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports(path)} & NATIVE


@pytest.mark.parametrize("path", sorted((ROOT / "ui").rglob("*.py")), ids=name)
def test_no_module_of_the_page_hides_one_of_the_standard_library(path: Path) -> None:
    assert path.stem not in STANDARD_LIBRARY_NAMES


def test_no_loader_of_foreign_code_is_used_anywhere() -> None:
    forbidden = (
        "import pickle",
        "allow_pickle=True",
        "torch.load",
        "yaml.load(",
        "trust_remote_code=True",
        "shell=True",
    )
    used = [(name(path), word) for path in MODULES for word in forbidden if word in path.read_text(encoding="utf-8")]
    assert used == []


def test_there_is_no_unsafe_html_in_the_page() -> None:
    assert [name(path) for path in MODULES if "unsafe_allow_html=True" in path.read_text(encoding="utf-8")] == []

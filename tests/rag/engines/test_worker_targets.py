"""Worker targets are strings, because the server must not import native libraries: each of them resolves."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TARGET = re.compile(r"(?:ingest|rag)(?:\.\w+)+:\w+")


def find_targets() -> list[str]:
    """Return every string constant of the packages that names a worker's `module:function`."""
    sources = [path for package in ("ingest", "rag", "api") for path in sorted((ROOT / package).rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources]
    constants = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return sorted({value for value in constants if isinstance(value, str) and TARGET.fullmatch(value)})


TARGETS = find_targets()


def test_every_engine_is_among_the_targets() -> None:
    assert {"rag.engines.llama.worker:main", "rag.engines.transformers.worker:main"} <= set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_a_function_of_channel_and_options(target: str) -> None:
    module, _, name = target.partition(":")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions[name].args.args] == ["channel", "options"]


def test_llama_cpp_is_imported_by_its_adapter_package_alone() -> None:
    imports = re.compile(r"^(?:import|from) llama_cpp\b", re.MULTILINE)
    sources = [path for path in (ROOT / "rag").rglob("*.py") if imports.search(path.read_text(encoding="utf-8"))]
    assert {path.parent for path in sources} == {ROOT / "rag" / "engines" / "llama" / "native"}

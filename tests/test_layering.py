"""What imports must not do beyond the arrows between rooms, which `lint-imports` checks (pyproject.toml)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "rag", "api", "ui", "pincite")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LEAVES = {"types.py", "errors.py"}
NATIVE = {"torch", "sentence_transformers", "llama_cpp", "pypdfium2", "pypdf", "docx", "lxml", "selectolax"}
ADAPTERS = {
    "apsw": ("ingest/storage/",),
    "charset_normalizer": ("ingest/parsers/encoding.py",),
    "datasets": ("ingest/jobs/hub_datasets.py",),
    "faiss": ("ingest/index/faiss_store.py",),
    "huggingface_hub": ("ingest/runtime/model_cache.py", "rag/models/downloads/hub_source.py"),
    "ir_measures": ("rag/evaluation/measures.py",),
    "jinja2": ("rag/engines/serving/jinja_template.py",),
    "llama_cpp": ("ingest/embedders/llama_model.py", "rag/engines/llama/"),
    "llguidance": ("rag/engines/serving/",),
    "msoffcrypto": ("ingest/parsers/encrypted_office.py",),
    "betteroffice_xlsx": ("ingest/parsers/spreadsheets/formulas.py",),
    "pptx": ("ingest/parsers/presentations/",),
    "docx": ("ingest/parsers/word/",),
    "pyarrow": ("ingest/parsers/spreadsheets/parquet.py",),
    "pypdf": ("ingest/parsers/pdf/pypdf_text.py",),
    "pypdfium2": ("ingest/parsers/pdf/",),
    "rapidocr": ("ingest/parsers/images/ocr.py",),
    "safetensors": ("rag/engines/transformers/",),
    "selectolax": ("ingest/parsers/web/", "ingest/parsers/epub/", "ingest/parsers/mail/html_quotes.py"),
    "sentence_transformers": ("ingest/embedders/", "rag/retrieval/reranker_worker.py", "rag/grounding/nli_worker.py"),
    "sentencex": ("ingest/text/sentences.py",),
    "Stemmer": ("ingest/text/analyzer.py",),
    "tinycss2": ("ingest/parsers/web/style_sheets.py",),
    "tokenizers": ("ingest/embedders/tokenizer.py",),
    "tree_sitter": ("ingest/parsers/plain/syntax_outline.py",),
    "transformers": ("rag/engines/transformers/",),
    "watchfiles": ("ingest/jobs/watch.py",),
}
"""The modules or rooms that may import a library; no other module knows it."""
STANDARD_LIBRARY_NAMES = {"types", "queue", "html", "email", "json", "logging", "calendar", "code", "token", "select"}


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it the import stands."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name in LEAVES and path.parent.name in {"ingest", "rag", "engines"}],
    ids=name,
)
def test_types_and_errors_import_nothing_of_ours_but_lower_types(path: Path) -> None:
    ours = {module for module in imports(path) if module.split(".")[0] in PACKAGES}
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


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_library_is_known_to_its_adapter_alone(path: Path) -> None:
    libraries = {module.split(".")[0] for module in imports(path)} & set(ADAPTERS)
    assert [library for library in libraries if not name(path).startswith(ADAPTERS[library])] == []


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

#!/usr/bin/env bash
# tree-sitter-language-pack 1.25.0 (PyPI): the wheel knows the names of languages and holds the grammar of none.
#
# Expected: a package of 160 grammars works offline once it is installed, as its releases before 1.0 did.
# Seen: `has_language("python")` is true, but the first `get_parser("python")` fetches a manifest and a compiled
#       grammar from the project's release page into the user's cache, and raises DownloadError without a network.
#       A program that must not reach outside needs `download(...)` at build time, or the one-language packages
#       (tree-sitter-python, ...), whose wheels hold their grammar.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tree-sitter-language-pack==1.25.0 tree-sitter==0.26.1 tree-sitter-python==0.25.0
# No proxy listens on the discard port: the first attempt to connect fails at once.
HOME="$folder" XDG_CACHE_HOME="$folder/cache" HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 \
    "$folder/venv/bin/python" - <<'PYTHON'
from pathlib import Path

import tree_sitter
import tree_sitter_language_pack as pack
import tree_sitter_python

libraries = [path.name for path in Path(pack.__file__).parent.rglob("*.so")]
print("shared libraries in the wheel:", libraries)
assert len(libraries) == 1, "the wheel holds grammars now"
print("has_language('python'):", pack.has_language("python"))
assert pack.has_language("python")
try:
    pack.get_parser("python")
except pack.DownloadError as error:
    print("get_parser('python'): DownloadError:", str(error)[:60], "...")
else:
    raise SystemExit("get_parser works offline now")
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
print("tree-sitter-python offline:", parser.parse(b"def f(): pass").root_node.children[0].type)
PYTHON

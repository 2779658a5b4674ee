#!/bin/sh
# All checks in the order of their price; the first that fails ends the run.
set -eu
cd "$(dirname "$0")/.."

ruff format --check .
ruff check .
lint-imports --no-logo
mypy
basedpyright
python -m pytest "$@"

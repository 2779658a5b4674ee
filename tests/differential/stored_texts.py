"""Print what a build of Pincite reads in files, as JSON: `python -P stored_texts.py FILE…`, the build on the path."""

import json
import sys
from pathlib import Path

from ingest.errors import IngestError
from ingest.parsers.registry import parse


def read_texts(paths: list[Path]) -> dict[str, str | None]:
    """Return the stored text of each file; None for one that is refused."""
    texts: dict[str, str | None] = {}
    for path in paths:
        try:
            texts[str(path)] = parse(path, path.name).text
        except IngestError:
            texts[str(path)] = None
    return texts


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read_texts([Path(name) for name in sys.argv[1:]])))

"""Write the embedder of the scorecard, in a process that may load torch: `-m tests.scorecard.tiny_embedder FILE`."""

import sys
import tempfile
from pathlib import Path

from tests.scorecard.server import WINDOW
from tests.tiny_embedders import write_tiny_embedder
from tests.tiny_gguf_embedder import write_gguf_of


def main(path: Path) -> None:
    """Write a random BERT with a window that takes chunks of the usual length."""
    with tempfile.TemporaryDirectory() as folder:
        write_gguf_of(
            write_tiny_embedder(Path(folder) / "bert", "bert", pooling="mean", window=WINDOW), path, pooling="mean"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

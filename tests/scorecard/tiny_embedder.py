"""Write a tiny embedder in a process of its own, as that loads torch.

`python -m tests.scorecard.tiny_embedder FILE bert|xlm-roberta mean|cls`; `write_embedder` does so.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal, cast

ROOT = Path(__file__).resolve().parents[2]
WINDOW = 512
"""It takes chunks of the usual length."""

Kind = Literal["bert", "xlm-roberta"]


def write_embedder(path: Path, kind: Kind = "bert", pooling: str = "mean") -> Path:
    """Write a random sentence encoder as a GGUF file and return its path."""
    command = [sys.executable, "-m", "tests.scorecard.tiny_embedder", str(path), kind, pooling]
    subprocess.run(command, cwd=ROOT, check=True)
    return path


def main(path: Path, kind: Kind, pooling: str) -> None:
    """Write the model."""
    from tests.tiny_embedders import write_tiny_embedder
    from tests.tiny_gguf_embedder import write_gguf_of

    with tempfile.TemporaryDirectory() as folder:
        model = write_tiny_embedder(Path(folder) / "model", kind, pooling="mean", window=WINDOW)
        write_gguf_of(model, path, pooling=pooling)


if __name__ == "__main__":
    main(Path(sys.argv[1]), cast("Kind", sys.argv[2]), sys.argv[3])

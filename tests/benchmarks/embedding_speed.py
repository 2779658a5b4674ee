"""Texts a second of the embedder as Pincite runs it, against `SentenceTransformer.encode` with its defaults.

usage: python -m tests.benchmarks.embedding_speed FOLDER [--texts N]

The texts are chunks of the documents in FOLDER. Both run in turn, several rounds; the ratio is that of the medians.
"""

import argparse
import logging
import statistics
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer

from ingest.chunking.chunker import ChunkSpec, contextualize, split
from ingest.embedders.embedder import find_embedder
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.embedders.torch_worker import build_precisions, choose_precision
from ingest.errors import UnreadableFileError
from ingest.jobs.sources import find_files
from ingest.parsers.registry import parse
from tests.benchmarks.measuring import seconds

ROUNDS = 5
BATCH = 16


def chunk_texts(folder: Path, count: int) -> list[str]:
    """Return the texts of the first chunks of the documents in a folder."""
    tokenizer = WordPieceTokenizer(str(find_embedder("bundled").tokenizer_path))
    texts: list[str] = []
    for path in find_files([folder]):
        try:
            document = parse(path, path.name)
        except UnreadableFileError:
            continue
        texts += [contextualize(chunk) for chunk in split(document, ChunkSpec(), tokenizer)][:40]
        if len(texts) >= count:
            break
    return texts[:count]


def main() -> int:
    """Print texts a second of both ways, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=128)
    arguments = parser.parse_args()
    texts = chunk_texts(arguments.folder, arguments.texts)
    model = SentenceTransformer(str(find_embedder("bundled").path), device="cpu")
    chosen = choose_precision(build_precisions(model))
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]

    def with_defaults() -> None:
        model.encode(texts, show_progress_bar=False)

    def as_pincite() -> None:
        for batch in batches:
            chosen.embed(batch)

    speeds: dict[str, list[float]] = {"defaults": [], chosen.name: []}
    for _ in range(ROUNDS):
        for name, run in (("defaults", with_defaults), (chosen.name, as_pincite)):
            speeds[name].append(len(texts) / seconds(run))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    logging.info("%s", {name: f"{value:.1f} texts/s" for name, value in medians.items()})
    logging.info("ratio %.2f over %d texts", medians[chosen.name] / medians["defaults"], len(texts))
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())

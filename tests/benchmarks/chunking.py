"""Span recall and precision of Pincite's chunks against chunks of a fixed size, at the same budget of text.

usage: python -m tests.benchmarks.chunking FOLDER [--budgets 2000 4000 8000] [--sizes 100 150 200]

FOLDER is an evaluation set with `spans.jsonl` (see `pincite eval`). Each way of cutting gets a library of its own, and
its questions go through the search that serves users.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from ingest.chunking.chunker import ChunkSpec, find_page_number, split
from ingest.embedders.embedder import EmbedderInfo, WorkerEmbedder, find_embedder
from ingest.embedders.tokenizer import WordPieceTokenizer
from ingest.embedders.vocabulary_fit import VocabularyFit
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import BlockKind, Chunk, ParsedDocument, SpanTokenizer
from rag.evaluation.corpus import Chunker, CorpusIngester
from rag.evaluation.search_trials import TrialPolicy, evaluate_search
from rag.evaluation.search_variants import SearchParts, select_served_method
from rag.evaluation.sets import load_set
from rag.evaluation.types import EvalSet, Item
from rag.grounding.evidence import EvidenceFinder
from rag.retrieval.hybrid import Retriever
from rag.settings import RagSettings

BATCH = 32
MEASURES = ("ndcg@10", "span_recall", "span_precision", "span_iou")


def fixed_size(document: ParsedDocument, size: int, overlap: int, tokenizer: SpanTokenizer) -> list[Chunk]:
    """Return windows of `size` word pieces that begin every `size - overlap`, wherever sentences end; no context."""
    borders = [start for start, _ in tokenizer.token_spans(document.text)]
    borders.append(len(document.text))
    windows = [
        (borders[first], borders[min(first + size, len(borders) - 1)])
        for first in range(0, max(len(borders) - 1 - overlap, 1), size - overlap)
    ]
    return [_window(document, start, end) for start, end in windows if document.text[start:end].strip()]


def _window(document: ParsedDocument, start: int, end: int) -> Chunk:
    return Chunk(
        start=start,
        end=end,
        text=document.text[start:end],
        first_page=find_page_number(document.pages, start),
        last_page=find_page_number(document.pages, end - 1),
        kind=BlockKind.PROSE,
        heading_path=(),
        context="",
    )


def show(evaluated: EvalSet, name: str, chunker: Chunker, found: EmbedderInfo, budgets: Sequence[int]) -> None:
    """Print what one way of cutting gives at each budget."""
    settings = RagSettings()
    embedder = WorkerEmbedder(found, batch_size=BATCH)
    with tempfile.TemporaryDirectory() as home, closing(Library(Path(home))) as library, closing(embedder):
        ingester = CorpusIngester(library, embedder, passport=found.passport(), chunker=chunker)
        collection = ingester.ingest(evaluated.documents, _silently)
        index = SearchIndex(library)
        retriever = Retriever(
            library,
            index,
            embedder,
            fusion_weight=settings.fusion_weight,
            vocabulary_fit=VocabularyFit(found.tokenizer_path).score,
        )
        parts = SearchParts(library, index, embedder, retriever, collection.id)
        chunks = library.size([collection.id]).chunks
        for budget in budgets:
            policy = TrialPolicy(budget_chars=budget, top_k=settings.top_k, min_score=settings.min_score)
            ways = select_served_method(parts, has_history=False)
            report = evaluate_search(
                evaluated, ways, policy, chunks=chunks, track=_silently, finder=EvidenceFinder(library, embedder)
            )
            values = " ".join(f"{measure} {report.served.estimates[measure].mean:.3f}" for measure in MEASURES)
            logging.info("%-22s %5d chunks, %5d characters: %s", name, chunks, budget, values)


def _silently(items: Sequence[Item], doing: str) -> Iterable[Item]:
    del doing
    return items


def main() -> int:
    """Print a line for each way of cutting and each budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budgets", type=int, nargs="+", default=[2_000, 4_000, 8_000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 150, 200])
    arguments = parser.parse_args()
    found = find_embedder("bundled")
    tokenizer = WordPieceTokenizer(found.tokenizer_path)
    evaluated = load_set(arguments.folder, arguments.folder.name)
    for size in arguments.sizes:
        show(
            evaluated,
            f"ours {size}",
            partial(split, spec=ChunkSpec(size), tokenizer=tokenizer),
            found,
            arguments.budgets,
        )
        for overlap in (0, size // 4):
            chunker = partial(fixed_size, size=size, overlap=overlap, tokenizer=tokenizer)
            show(evaluated, f"fixed {size}, overlap {overlap}", chunker, found, arguments.budgets)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())

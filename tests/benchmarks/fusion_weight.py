"""How much the meaning and how much the words should count: nDCG@10 over a range of fusion weights.

    .venv/bin/python -m tests.benchmarks.fusion_weight SET... [--queries 400]

SET is a folder with `corpus.jsonl` {id, title, text}, `queries.jsonl` {id, text} and `qrels.tsv` (query, document,
relevance). The chunks, vectors and both searches are those that serve users; only the weight varies.
"""

import argparse
import io
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.chunking import ChunkSpec, embedding_text, split
from ingest.embedding import WorkerEmbedder, find_embedder
from ingest.library import Library
from ingest.search_index import SearchIndex
from ingest.settings import IngestSettings
from ingest.tokens import WordPieceMeasure
from ingest.types import ChunkedDocument, Page, ParsedDocument
from rag.retrieval import Retriever
from rag.types import ScoredChunk
from tests.ingest.library_world import complete

WEIGHTS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
TOP_K = 10
CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """What both searches say of the chunks for one query, and what is relevant to it."""

    hits: list[ScoredChunk]
    relevance: Mapping[str, int]

    def ndcg(self, weight: float) -> float:
        """Return nDCG@10 of the documents, each by its best chunk, under one weight."""
        best_lexical = max((hit.lexical_score for hit in self.hits), default=0.0) or 1.0
        scores: dict[str, float] = {}
        for hit in self.hits:
            fused = weight * max(hit.dense_score, 0.0) + (1 - weight) * hit.lexical_score / best_lexical
            scores[hit.chunk.source] = max(scores.get(hit.chunk.source, 0.0), fused)
        ranked = sorted(scores, key=lambda source: -scores[source])[:TOP_K]
        ideal = sorted(self.relevance.values(), reverse=True)[:TOP_K]
        return _gain([self.relevance.get(source, 0) for source in ranked]) / _gain(ideal)


def _gain(relevances: list[int]) -> float:
    return sum((math.pow(2, relevance) - 1) / math.log2(rank + 2) for rank, relevance in enumerate(relevances))


def main() -> None:
    """Print one line a set: the weights and the mean nDCG@10 of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--queries", type=int, default=400)
    arguments = parser.parse_args()
    embedder = WorkerEmbedder(find_embedder("bundled"), batch_size=16)
    for folder in arguments.sets:
        with tempfile.TemporaryDirectory() as home:
            judged = list(judge(folder, Path(home), embedder, arguments.queries))
        means = {weight: sum(each.ndcg(weight) for each in judged) / len(judged) for weight in WEIGHTS}
        line = "  ".join(f"{weight}: {mean:.4f}" for weight, mean in means.items())
        sys.stdout.write(f"{folder.name} ({len(judged)} queries)  {line}\n")
    embedder.close()


def judge(folder: Path, home: Path, embedder: WorkerEmbedder, queries: int) -> Iterator[Judged]:
    """Index a set's corpus and yield what is found for its queries."""
    library = Library(home)
    collection_id = _index(library, folder, embedder)
    retriever = Retriever(library, SearchIndex(library), embedder, fusion_weight=0.5)
    relevance: dict[str, dict[str, int]] = {}
    for entry in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query_id, source, grade = entry.split("\t")
        relevance.setdefault(query_id, {})[source] = int(grade)
    judged = [query for query in _rows(folder / "queries.jsonl") if query["id"] in relevance]
    for query in judged[:queries]:
        yield Judged(retriever.retrieve(query["text"], [collection_id], CANDIDATES), relevance[query["id"]])
    library.close()


def _index(library: Library, folder: Path, embedder: WorkerEmbedder) -> str:
    found = find_embedder("bundled")
    measure, spec = WordPieceMeasure(found.tokenizer_path), ChunkSpec(IngestSettings().chunk_tokens)
    collection = library.create_collection("benchmark", found.passport())
    for row in _rows(folder / "corpus.jsonl"):
        document = ParsedDocument(row["title"] or "", "text/plain", row["text"], (Page(1, 0, len(row["text"])),))
        chunks = tuple(split(document, spec, measure))
        content = io.BytesIO(json.dumps(row).encode())
        file = library.add_file(source=row["id"], filename=row["id"], content=content)
        vectors = embedder.embed([embedding_text(chunk) for chunk in chunks])
        complete(library, library.enqueue(collection.id, file.id), ChunkedDocument(document, chunks), vectors)
    return collection.id


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()

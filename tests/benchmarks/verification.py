"""How well the check tells supported sentences from altered ones, and how long it takes.

usage: python -m tests.benchmarks.verification FOLDER [--part fitted|held-back] [--without-context] [--vectors FILE]

FOLDER holds evaluation data in the layout of QED (`evidence.jsonl`). What the pairs are: `checking_pairs.py`. Weights
and thresholds were fitted on the half `fitted`; what is reported is `held-back`. `--vectors` keeps the embedder's
vectors in a file, so that a second run is fast.
"""

import argparse
import hashlib
import logging
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.embedders.embedder import WorkerEmbedder, find_embedder
from rag.grounding.verification import Support, verify_claim
from tests.benchmarks.altered_pairs import ASKED_KINDS, HARDER_KINDS, SUPPORTED_FORMS, Pair, read_pairs

BATCH = 16
LATENCY_SENTENCES = 200


def main() -> int:
    """Print the area under the curve, overall and by kind, the verdicts by kind, and the latency."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=("fitted", "held-back"), default="held-back")
    parser.add_argument("--without-context", action="store_true", help="hand the check the quote alone")
    parser.add_argument("--vectors", type=Path)
    arguments = parser.parse_args()
    pairs = [pair for pair in read_pairs(arguments.folder) if pair.is_held_back is (arguments.part == "held-back")]
    with closing(WorkerEmbedder(find_embedder("bundled"), batch_size=BATCH)) as embedder:
        cosines = similarities(pairs, embedder, arguments.vectors)
        judged = [
            verify_claim(pair.sentence, pair.quote, cosine, context="" if arguments.without_context else pair.context)
            for pair, cosine in zip(pairs, cosines, strict=True)
        ]
        report(pairs, judged)
        report_latency(pairs[:LATENCY_SENTENCES], embedder)
    return 0


def similarities(pairs: Sequence[Pair], embedder: WorkerEmbedder, kept: Path | None) -> list[float]:
    """Return the cosine of each pair, as the evidence finder has it."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.sentence, pair.quote)))
    known: dict[str, NDArray[np.float32]] = dict(np.load(kept)) if kept and kept.exists() else {}
    missing = [text for text in texts if _key(text) not in known]
    if missing:
        vectors = embedder.embed(missing)
        known |= {_key(text): vector for text, vector in zip(missing, vectors, strict=True)}
        if kept:
            np.savez(kept, **known)  # type: ignore[arg-type]  # keys are hashes, none is called allow_pickle
    return [float(known[_key(pair.sentence)] @ known[_key(pair.quote)]) for pair in pairs]


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def report(pairs: Sequence[Pair], judged: Sequence[Support]) -> None:
    """Print the areas under the curve and how often each kind got which verdict."""
    scores = [support.score for support in judged]
    supported = _scores(pairs, scores, SUPPORTED_FORMS)
    asked, harder = _scores(pairs, scores, ASKED_KINDS), _scores(pairs, scores, HARDER_KINDS)
    logging.info("%d supported, %d altered, %d altered in harder ways", len(supported), len(asked), len(harder))
    logging.info("AUC %.4f; with the harder kinds too %.4f", auc(supported, asked), auc(supported, [*asked, *harder]))
    for kind in (*ASKED_KINDS, *HARDER_KINDS):
        logging.info("AUC %-14s %.4f", kind, auc(supported, _scores(pairs, scores, (kind,))))
    for form in SUPPORTED_FORMS:
        logging.info("AUC of %-11s %.4f", form, auc(_scores(pairs, scores, (form,)), asked))
    verdicts = {kind: Counter[str]() for kind in (*SUPPORTED_FORMS, *ASKED_KINDS, *HARDER_KINDS)}
    for pair, support in zip(pairs, judged, strict=True):
        verdicts[pair.kind][support.verdict] += 1
    logging.info("%-14s %6s %9s %9s %11s", "kind", "pairs", "supported", "partly", "unsupported")
    for kind, counts in verdicts.items():
        whole = max(counts.total(), 1)
        shares = [counts[verdict] / whole for verdict in ("supported", "partly", "unsupported")]
        logging.info("%-14s %6d %8.1f%% %8.1f%% %10.1f%%", kind, whole, *(100 * share for share in shares))


def _scores(pairs: Sequence[Pair], scores: Sequence[float], kinds: Sequence[str]) -> list[float]:
    return [score for pair, score in zip(pairs, scores, strict=True) if pair.kind in kinds]


def auc(supported: Sequence[float], altered: Sequence[float]) -> float:
    """Return the chance that a supported sentence scores above an altered one; a tie counts half."""
    low = np.sort(np.asarray(altered))
    below = np.searchsorted(low, supported, side="left") + np.searchsorted(low, supported, side="right")
    return float(below.sum()) / (2 * len(supported) * len(low))


def report_latency(pairs: Sequence[Pair], embedder: WorkerEmbedder) -> None:
    """Print how long one sentence takes: the check alone, and with the vector of the sentence."""
    quotes = embedder.embed([pair.quote for pair in pairs])  # the finder has them already when the answer is there
    alone, together = [], []
    for pair, quote in zip(pairs, quotes, strict=True):
        started = time.perf_counter()
        cosine = float(embedder.embed_query(pair.sentence) @ quote)
        embedded = time.perf_counter()
        verify_claim(pair.sentence, pair.quote, cosine, context=pair.context)
        ended = time.perf_counter()
        alone.append(1000 * (ended - embedded))
        together.append(1000 * (ended - started))
    for name, values in (("check alone", alone), ("with the similarity", together)):
        cuts = statistics.quantiles(values, n=20)
        logging.info("%s: p50 %.2f ms, p95 %.2f ms a sentence", name, statistics.median(values), cuts[-1])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())

"""How often sentences of a set are said to disagree, and how many copies with another number are found.

usage: python -m tests.benchmarks.conflicts FOLDER...

FOLDER is an evaluation set (see `pincite eval`). Every sentence of its corpus is compared with every other; what is
found is printed, to be looked at. Then each sentence with a number is compared with a copy of itself, in a document of
the same title, in which one number has another digit.
"""

import argparse
import logging
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.evaluation.sets import load_set
from rag.grounding.conflicts import extract_topic_words, find_conflicts
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.grounding.verification.quantities import find_quantities
from rag.types import Quote


def sentences(folder: Path) -> Iterator[SentenceMatch]:
    """Yield all sentences of a set's corpus."""
    for number, document in enumerate(load_set(folder, folder.name).documents):
        yield from split_chunk(_stored(number, document.id, document.text, document.title))


def _stored(number: int, file: str, text: str, title: str) -> StoredChunk:
    return StoredChunk(number, "", file, file, file, Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), title))


def _quote(match: SentenceMatch) -> Quote:
    stored = match.stored
    return Quote("", stored.file_id, stored.source, stored.filename, 1, match.start, match.end, match.text, 0.0)


def alarms(all_: list[SentenceMatch]) -> list[str]:
    """Return what is said to disagree, in words; only sentences with the same telling words can."""
    groups: dict[tuple[str, ...], list[SentenceMatch]] = {}
    for match in all_:
        groups.setdefault(extract_topic_words(match.text), []).append(match)
    return [
        " | ".join(value.quote.quote for value in found.values)
        for group in groups.values()
        if len(group) > 1
        for found in find_conflicts(group, group, _quote)
    ]


def altered(match: SentenceMatch, dice: random.Random) -> SentenceMatch | None:
    """Return a copy of a sentence with another digit in one of its numbers; None where it has no digits."""
    places = [
        place
        for quantity in find_quantities(match.text)
        for place in range(quantity.start, quantity.end)
        if match.text[place] in "123456789"
    ]
    if not places:
        return None
    place = dice.choice(places)
    other = dice.choice([digit for digit in "123456789" if digit != match.text[place]])
    text = match.text[:place] + other + match.text[place + 1 :]
    copies = split_chunk(_stored(0, "altered", text, match.stored.chunk.context))
    return copies[0] if len(copies) == 1 else None


def main() -> int:
    """Print both figures for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    for folder in parser.parse_args().folders:
        all_ = list(sentences(folder))
        found = alarms(all_)
        logging.info("%s: %d pairs, %d disagree", folder, len(all_) * (len(all_) - 1) // 2, len(found))
        for each in found:
            logging.info("  %s", each)
        dice = random.Random(0)  # noqa: S311 (no secret)
        pairs = [(match, copy) for match in all_ if (copy := altered(match, dice)) is not None]
        started = time.perf_counter()
        hits = sum(bool(find_conflicts([match], [copy], _quote)) for match, copy in pairs)
        each_ms = (time.perf_counter() - started) * 1e3 / max(len(pairs), 1)
        logging.info("  altered copies: %d of %d found, %.2f ms each", hits, len(pairs), each_ms)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())

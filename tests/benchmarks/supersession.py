"""How many sentences of a library are said to be superseded: false alarms, if the library has no later versions.

usage: python -m tests.benchmarks.supersession HOME...

HOME is a home, such as one that `pincite eval --keep` has filled. Every sentence of each collection is compared with
every other one that may supersede it; what is found is printed, to be looked at.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

from ingest.library.library import Library
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.grounding.supersession import SupersessionFinder, key_of


def list_sentences(library: Library, collection_id: str) -> list[SentenceMatch]:
    """Return all sentences of a collection, document by document."""
    return [
        match
        for document in library.documents(collection_id)
        for chunk in library.document_chunks(collection_id, document.file_id)
        for match in split_chunk(chunk)
    ]


def main() -> int:
    """Print what is superseded in each home."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("homes", type=Path, nargs="+", metavar="HOME")
    for home in parser.parse_args().homes:
        library = Library(home)
        finder = SupersessionFinder(library)
        for collection in library.collections():
            sentences = list_sentences(library, collection.id)
            started = time.perf_counter()
            successors = finder.find(sentences, sentences, max_targets=len(sentences))
            each_ms = (time.perf_counter() - started) * 1e3 / max(len(sentences), 1)
            logging.info("%s: %d of %d superseded, %.2f ms each", home, len(successors), len(sentences), each_ms)
            for match in sentences:
                if (successor := successors.get(key_of(match))) is not None:
                    logging.info("  %s: %s | %s", successor.kind, match.text, successor.match.text)
        library.close()
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    sys.exit(main())

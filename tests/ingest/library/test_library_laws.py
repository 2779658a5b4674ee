"""The library and its indexes against a plain dict, over random histories."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from tests.fakes import chunked, passport
from tests.ingest.library_world import EMBEDDER, add

WORDS = ["pump", "valve", "hose"]


class LibraryMachine(RuleBasedStateMachine):
    """Adds, replaces, removes and reopens against a plain dict."""

    @initialize()
    def open_it(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(Path(self.folder.name))
        self.collection_id = self.library.create_collection("c", passport()).id
        self.index = SearchIndex(self.library)
        self.model: dict[str, str] = {}

    @rule(source=st.sampled_from("abcd"), words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    def add(self, source: str, words: list[str]) -> None:
        text = " ".join(words)
        add(self.library, self.collection_id, source, chunked(text))
        self.model[source] = text

    @rule(source=st.sampled_from("abcd"))
    def remove(self, source: str) -> None:
        for document in self.library.documents():
            if document.source == source:
                self.library.delete_file(document.file_id)
        self.model.pop(source, None)

    @rule(save=st.booleans())
    def reopen(self, save: bool) -> None:
        if save:
            self.index.save(self.collection_id)
        self.library.close()
        self.library = Library(Path(self.folder.name))
        self.index = SearchIndex(self.library)

    @invariant()
    def library_and_indexes_agree_with_the_model(self) -> None:
        hits = self.index.search_dense(self.collection_id, EMBEDDER.embed_query("pump"), 10)
        chunks = {chunk.source: chunk.chunk.text for chunk in self.library.chunks([id_ for id_, _ in hits])}
        assert chunks == self.model
        words = self.index.search_lexical(self.collection_id, "pump", 10)
        sources = {chunk.source for chunk in self.library.chunks([id_ for id_, _ in words])}
        assert sources == {source for source, text in self.model.items() if "pump" in text}

    def teardown(self) -> None:
        self.library.close()
        self.folder.cleanup()


TestLibraryAgreesWithAPlainDict = LibraryMachine.TestCase
TestLibraryAgreesWithAPlainDict.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)

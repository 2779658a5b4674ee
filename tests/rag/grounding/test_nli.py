"""The second opinion: a real (if tiny) classifier of pairs in its worker process, and what it does to verdicts."""

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch

from ingest.errors import WorkerCrashedError
from ingest.library.library import Library
from rag.errors import EntailmentModelNotFoundError, EntailmentModelUnfitError
from rag.grounding.attribution import SentenceAttributor
from rag.grounding.evidence import EvidenceFinder
from rag.grounding.nli import EntailmentModel, find_entailment_model
from rag.grounding.nli_worker import classify
from rag.grounding.verification import verify_claim
from rag.retrieval.reranker_worker import load_cross_encoder
from rag.types import Entailment, Passage
from tests.fakes import HashEmbedder, chunked, passport
from tests.ingest.library_world import complete
from tests.tiny_cross_encoder import write_tiny_cross_encoder

LABELS = {"0": "CONTRADICTION", "1": "Entailment", "2": "neutral"}
QUOTE = "The pump is oiled every 3 months."
VALVE = "The valve was built in 1998."


def write_model(folder: Path, labels: dict[str, str]) -> Path:
    """Write a tiny classifier whose labels have these names."""
    write_tiny_cross_encoder(folder, labels=len(labels))
    config = folder / "config.json"
    facts = {**json.loads(config.read_text()), "id2label": labels, "label2id": {v: int(k) for k, v in labels.items()}}
    config.write_text(json.dumps(facts))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny", LABELS)


@pytest.fixture(scope="module")
def model(folder: Path) -> Iterator[EntailmentModel]:
    with closing(EntailmentModel(find_entailment_model(str(folder)))) as made:
        yield made


@pytest.mark.slow
def test_the_labels_are_read_by_their_names(model: EntailmentModel, folder: Path) -> None:
    expected = classify(load_cross_encoder(str(folder)), QUOTE, "The pump is old.")
    entailment = model.judge(QUOTE, "The pump is old.")
    assert (entailment.contradicted, entailment.entailed) == pytest.approx(tuple(expected[:2]), abs=1e-6)
    assert sum(expected) == pytest.approx(1.0)
    assert entailment.model == str(folder)
    assert entailment != model.judge("The pump is old.", QUOTE)  # the quote is the premise


@pytest.mark.slow
def test_a_model_with_one_number_knows_no_contradiction(tmp_path: Path) -> None:
    folder = write_tiny_cross_encoder(tmp_path / "one")
    with closing(EntailmentModel(find_entailment_model(str(folder)))) as model:
        entailment = model.judge(QUOTE, "The pump is old.")
    assert 0 < entailment.entailed < 1
    assert entailment.contradicted == 0


@pytest.mark.slow
def test_a_model_that_was_closed_says_so(folder: Path) -> None:
    closed = EntailmentModel(find_entailment_model(str(folder)))
    closed.close()
    with pytest.raises(WorkerCrashedError, match="closed"):
        closed.judge(QUOTE, QUOTE)


@pytest.mark.parametrize("name", ["not/a/model's name", "/no/such/folder", ""])
def test_a_model_that_is_not_there_is_refused_with_how_to_get_it(name: str) -> None:
    with pytest.raises(EntailmentModelNotFoundError, match=r"hf download .* --local-dir") as caught:
        find_entailment_model(name)
    assert caught.value.name == name


def test_labels_that_say_nothing_of_entailment_are_refused(tmp_path: Path) -> None:
    folder = write_tiny_cross_encoder(tmp_path, labels=3)
    with pytest.raises(EntailmentModelUnfitError, match="label_0, label_1, label_2"):
        find_entailment_model(str(folder))


def test_an_embedder_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = copy / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "architectures": ["BertModel"]}))
    with pytest.raises(EntailmentModelUnfitError, match="BertModel"):
        find_entailment_model(str(copy))


def test_a_pickle_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(EntailmentModelUnfitError, match="safetensors"):
        find_entailment_model(str(copy))


def test_a_contradiction_makes_a_supported_sentence_unsupported_and_names_the_model() -> None:
    support = verify_claim(QUOTE, QUOTE, 1.0, entailment=Entailment("nli", 0.02, 0.93))
    assert (support.verdict, support.reasons) == ("unsupported", ("nli finds that the quote contradicts it (93%)",))


def test_what_is_implied_rises_from_partly() -> None:
    said = "Each quarter, staff lubricate the pump."
    assert verify_claim(said, QUOTE, 0.6).verdict == "partly"
    support = verify_claim(said, QUOTE, 0.6, entailment=Entailment("nli", 0.9, 0.05))
    assert support.verdict == "supported"
    assert support.reasons[0] == "nli finds that the quote implies it (90%)"


def test_a_missing_number_stays_one_whatever_a_model_says() -> None:
    said = "The pump is oiled every 3 months by 4 people."
    assert verify_claim(said, QUOTE, 0.9, entailment=Entailment("nli", 0.99, 0.0)) == verify_claim(said, QUOTE, 0.9)


def test_a_model_that_is_not_sure_changes_nothing() -> None:
    unsure = Entailment("nli", 0.5, 0.4)
    assert verify_claim(QUOTE, QUOTE, 1.0, entailment=unsure) == verify_claim(QUOTE, QUOTE, 1.0)


class Contrary:
    """An `EntailmentJudge` that says no to everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def judge(self, quote: str, sentence: str) -> Entailment:
        self.asked.append((quote, sentence))
        return Entailment("contrary", 0.0, 1.0)


def passages_of(library: Library, *texts: str) -> list[Passage]:
    collection = library.create_collection("c", passport())
    file = library.add_file(source="manual", filename="manual", content=io.BytesIO(b"manual"))
    document = library.enqueue(collection.id, file.id)
    complete(library, document, chunked(*texts), HashEmbedder().embed(list(texts)))
    chunks = library.document_chunks(collection.id, document.file_id)
    return [Passage(number, stored) for number, stored in enumerate(chunks, 1)]


def test_what_the_check_finds_borne_is_asked_of_the_model(library: Library) -> None:
    passages, judge = passages_of(library, QUOTE, "Lunch is at noon."), Contrary()
    finder = EvidenceFinder(library, HashEmbedder())
    (pinned,) = SentenceAttributor(passages, finder, judge).attribute_all(f"{QUOTE[:-1]} [1].")
    citation, verdict = pinned.citations[0], pinned.sentence
    assert (citation.verdict, verdict.verdict) == ("unsupported", "unsupported")
    assert set(judge.asked) == {(QUOTE, QUOTE)}
    asked = len(judge.asked)
    SentenceAttributor(passages, finder, judge).attribute_all("Zeppelins carry quartz over 17 mountains [2].")
    assert len(judge.asked) == asked


def test_a_sentence_of_two_passages_is_borne_by_both_together(library: Library) -> None:
    passages = passages_of(library, QUOTE, VALVE)
    answer = "The pump is oiled every 3 months and the valve was built in 1998 [1][2]."
    (pinned,) = SentenceAttributor(passages, EvidenceFinder(library, HashEmbedder())).attribute_all(answer)
    citations, verdict = pinned.citations, pinned.sentence
    assert [(citation.number, citation.verdict) for citation in citations] == [(1, "partly"), (2, "partly")]
    assert (verdict.verdict, verdict.reasons) == ("supported", ())

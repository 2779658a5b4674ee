"""What may be a name in a question, whatever the question."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.text.names import make_name_key, make_name_keys
from ingest.types import DocumentName
from rag.questions.name_mentions import find_mentions
from rag.questions.scope import choose_exact, make_scope

words = st.sampled_from(
    ["in", "the", "lab", "report", "laut", "Mietvertrag", "selon", "minutes", "Summarise", "does", "say"]
)
questions = st.lists(st.one_of(words, st.text(max_size=12)), max_size=12).map(" ".join)
names = st.from_regex(r"[A-Za-z]{3,8}([ _-][A-Za-z0-9]{2,6}){0,3}", fullmatch=True)


@given(questions)
def test_phrases_are_parts_of_the_question_and_the_longest_come_first(question: str) -> None:
    for mention in find_mentions(question):
        assert mention.phrases
        ends = [phrase.end - phrase.cut_from for phrase in mention.phrases]
        assert ends == sorted(ends, reverse=True)
        for phrase in mention.phrases:
            assert 0 <= phrase.cut_from < phrase.end <= len(question)
            assert phrase.text in question[phrase.cut_from : phrase.end]


@given(names, st.sampled_from(["pdf", "docx", "txt"]), st.sampled_from(["Summarise {}", "What is in {} about fees?"]))
def test_a_file_name_is_named_by_itself_alone(name: str, suffix: str, frame: str) -> None:
    question = frame.format(f"{name}.{suffix}")
    document = DocumentName("vs_1", "file-1", f"{name}.{suffix}", "A title")
    other = DocumentName("vs_1", "file-2", f"{name} x.{suffix}", "A title")
    named = [
        chosen
        for mention in find_mentions(question)
        for phrase in mention.phrases
        if (chosen := choose_exact(mention, phrase, [document, other])) is not None
    ]
    scope = make_scope(question, named[:1])
    assert scope is not None
    assert scope.documents == (document,)
    assert f"{name}.{suffix}" not in scope.rest


@given(names)
def test_separators_capitals_and_accents_make_no_other_name(name: str) -> None:
    variants = [name.replace(" ", "_"), name.replace("_", "-"), name.upper(), name.replace("e", "é")]
    assert {make_name_key(variant) for variant in variants} == {make_name_key(name)}
    assert make_name_key(name) in make_name_keys(f"{name}.pdf", "")

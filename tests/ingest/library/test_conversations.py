"""Conversations in the library: a tree of turns that is searched, branched, renamed and deleted."""

from contextlib import closing
from pathlib import Path

import pytest

from ingest.conversation_types import NewTurn
from ingest.errors import ConversationNotFoundError, TurnNotFoundError
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.upkeep.check import ConsistencyCheck
from ingest.upkeep.purge import purge
from tests.ingest.conversation_world import ask
from tests.ingest.upkeep.test_purge import traces
from tests.raw_database import raw_database


def texts(library: Library, id_: str, leaf: str | None = None) -> list[str]:
    return [turn.text for turn in library.conversation_path(id_, leaf)]


def found(library: Library, query: str) -> list[str]:
    return [each.title for each in library.conversations(query)]


def test_a_conversation_is_what_was_said_in_it(library: Library) -> None:
    made = library.create_conversation(metadata={"topic": "pumps"})
    question, answer = ask(library, made.id)
    told = library.conversation(made.id)
    first, second = library.conversation_path(made.id)
    assert (told.title, told.current, told.turns, told.metadata) == (
        "How often is it oiled?",
        answer,
        2,
        {"topic": "pumps"},
    )
    assert (first.id, first.parent, first.role, first.versions) == (question, None, "user", (question,))
    assert (second.parent, second.text, second.details) == (question, "Every 3 months.", '{"n": 1}')
    assert second.remarks == ("oil is not in the quote",)


def test_a_title_is_the_first_question_cut_after_a_word(library: Library) -> None:
    made = library.create_conversation()
    library.append_turns(
        made.id, None, [NewTurn("system", "Be brief."), NewTurn("user", "How  often\n" + "is it " * 30)]
    )
    title = library.conversation(made.id).title
    assert title.startswith("How often is it is it")
    assert title.endswith((" it…", " is…"))
    assert len(title) <= 80
    assert library.update_conversation(made.id, title="Oil").title == "Oil"
    ask(library, made.id)
    assert library.conversation(made.id).title == "Oil"


def test_another_answer_and_another_question_are_branches(library: Library) -> None:
    id_ = library.create_conversation().id
    question, answer = ask(library, id_)
    ask(library, id_, text="In May.")
    (again,) = library.append_turns(id_, question, [NewTurn("assistant", "Monthly.")])
    (edited,) = library.append_turns(id_, None, [NewTurn("user", "How seldom?")])
    assert texts(library, id_) == ["How seldom?"]
    assert texts(library, id_, again) == ["How often is it oiled?", "Monthly."]
    assert [turn.versions for turn in library.conversation_path(id_, again)] == [(question, edited), (answer, again)]
    library.update_conversation(id_, current=answer)
    assert texts(library, id_)[-1] == "In May."
    library.update_conversation(id_, current=question)
    assert texts(library, id_)[-1] == "Monthly."


def test_a_deleted_turn_takes_what_follows_with_it(library: Library) -> None:
    id_ = library.create_conversation().id
    question, answer = ask(library, id_)
    ask(library, id_)
    (again,) = library.append_turns(id_, question, [NewTurn("assistant", "Monthly.")])
    library.update_conversation(id_, current=answer)
    assert library.delete_turn(id_, answer).current == again
    assert [turn.id for turn in library.turns(id_)] == [question, again]
    assert library.delete_turn(id_, question).current is None
    assert library.turns(id_) == []


def test_words_are_found_in_titles_questions_and_answers_in_any_script(library: Library) -> None:
    pump, valve = (library.create_conversation().id for _ in range(2))
    library.append_turns(
        pump, None, [NewTurn("user", "Wann wird die Pumpe geölt?"), NewTurn("assistant", "三个月一次")]
    )
    library.append_turns(valve, None, [NewTurn("user", "Is the valve red?"), NewTurn("assistant", "It is.")])
    library.update_conversation(valve, title="Colours")
    assert found(library, "pumpen ÖLT") == []
    assert found(library, "PUMPE geolt") == ["Wann wird die Pumpe geölt?"]
    assert found(library, "三个月") == ["Wann wird die Pumpe geölt?"]
    assert found(library, "valves colour") == ["Colours"]
    assert found(library, "pumpe red") == []
    assert found(library, "?!") == []
    assert len(found(library, "")) == 2
    library.delete_turn(valve, library.conversation_path(valve)[0].id)
    assert found(library, "valve") == []


def test_the_conversation_that_was_used_last_comes_last(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [library.create_conversation(title=str(number)).id for number in range(3)]
    monkeypatch.setattr("ingest.storage.conversations.time.time", lambda: 4e9)
    ask(library, ids[0])
    assert [each.id for each in library.conversations()] == [*ids[1:], ids[0]]


def test_what_is_not_there_is_said_by_name(library: Library) -> None:
    one, other = (library.create_conversation().id for _ in range(2))
    question, _ = ask(library, one)
    with pytest.raises(ConversationNotFoundError, match="pincite conversations ls"):
        library.conversation_path("conv_none")
    for call in (
        lambda: library.conversation_path(other, question),
        lambda: library.update_conversation(other, current=question, title="x"),
        lambda: library.append_turns(other, question, [NewTurn("user", "?")]),
        lambda: library.delete_turn(other, question),
    ):
        with pytest.raises(TurnNotFoundError):
            call()
    assert library.conversation(other).title == ""


def test_another_owner_sees_nothing_of_them(library: Library) -> None:
    id_ = library.create_conversation(title="Mine").id
    with closing(Library(library.home, owner="somebody")) as other:
        assert other.conversations() == []
        with pytest.raises(ConversationNotFoundError):
            other.delete_conversation(id_)


def test_a_very_long_conversation_is_read_and_deleted(library: Library) -> None:
    id_ = library.create_conversation().id
    ids = library.append_turns(id_, None, [NewTurn("user", f"turn {number}") for number in range(2_500)])
    assert len(library.conversation_path(id_)) == 2_500
    library.delete_turn(id_, ids[3])
    assert len(library.conversation_path(id_)) == 3
    library.delete_conversation(id_)
    assert library.conversations() == []


def test_no_byte_of_a_deleted_conversation_is_left_after_a_purge(library: Library) -> None:
    kept, gone = (library.create_conversation() for _ in range(2))
    ask(library, kept.id)
    said = NewTurn("user", "Where is the zwieback?" * 200, details='{"a": "zwieback"}', remarks=("zwieback",))
    library.append_turns(gone.id, None, [said, said])
    library.update_conversation(gone.id, title="Zwieback", metadata={"zwieback": "zwieback"})
    assert traces(library.home) != []
    library.delete_conversation(gone.id)
    purge(library)
    assert traces(library.home) == []
    assert texts(library, kept.id) == ["How often is it oiled?", "Every 3 months."]
    assert len(library.conversations("oiled")) == 1


def test_a_checkup_names_a_conversation_that_cannot_be_read(library: Library) -> None:
    id_ = library.create_conversation().id
    ask(library, id_)
    checkup = ConsistencyCheck(library, SearchIndex(library))
    assert checkup.run() == []
    with closing(raw_database(library.home / "library.db")) as db:
        db.execute("UPDATE turns SET details = '{' WHERE role = 'assistant'")
    (finding,) = checkup.run()
    assert (finding.area, finding.where) == ("conversation", id_)
    library.delete_conversation(id_)
    assert checkup.run() == []


def test_words_of_conversations_that_are_not_in_the_index_are_mended(library: Library) -> None:
    from ingest.upkeep.repair import repair

    id_ = library.create_conversation().id
    ask(library, id_)
    index = SearchIndex(library)
    with closing(raw_database(library.home / "library.db")) as db:
        db.execute("INSERT INTO turns_fts (turns_fts) VALUES ('delete-all')")
    findings = ConsistencyCheck(library, index).run()
    assert [finding.area for finding in findings] == ["words"]
    repair(library, index, findings)
    assert found(library, "oiled") == ["How often is it oiled?"]


def test_conversations_are_in_a_backup(library: Library, tmp_path: Path) -> None:
    from ingest.upkeep.backup import back_up, verify
    from ingest.upkeep.restore import restore

    id_ = library.create_conversation().id
    ask(library, id_)
    made = back_up(library, tmp_path / "backups")
    assert (verify(made.folder), made.manifest.counts["conversations"]) == ([], 1)
    restore(made.folder, tmp_path / "other")
    with closing(Library(tmp_path / "other")) as other:
        assert texts(other, id_) == ["How often is it oiled?", "Every 3 months."]

"""A conversation as Markdown: every quote under its answer, and nothing in it that a reader's program would obey."""

import pytest
from markdown_it import MarkdownIt

from ingest.library.library import Library
from rag.conversations.export import escape_markdown, render_markdown
from rag.engines.types import Message
from tests.fakes import chunked
from tests.ingest.library_world import add
from tests.rag.conversation_world import ConversationWorld, make_conversation_world

ASKED = "How often is the pump oiled?"


@pytest.fixture
def world(library: Library) -> ConversationWorld:
    return make_conversation_world(library)


def exported(world: ConversationWorld, id_: str) -> str:
    return render_markdown(world.library.conversation(id_), world.store.path(id_))


def test_an_export_has_questions_answers_quotes_and_how_they_were_made(world: ConversationWorld) -> None:
    id_ = world.library.create_conversation().id
    world.record(id_, ASKED)
    text = exported(world, id_)
    for part in (
        "# How often is the pump oiled?",
        "## Question",
        "It is oiled every 3 months \\[1\\].",
        "\\[1\\] **pump.txt**, page 1 (partly, cellar is not in the quote)",
        "> The pump is oiled every 3 months.",
        "collection c · model scripted · the whole document: 9 of 70 tokens · Pincite 1.0",
    ):
        assert part in text


def test_an_export_says_what_has_become_of_sources(world: ConversationWorld) -> None:
    id_ = world.library.create_conversation().id
    world.record(id_, ASKED)
    newer = add(world.library, world.document.collection_id, "pump.txt", chunked("It is oiled in May."))
    assert "source changed since" in exported(world, id_)
    world.library.remove(newer.file_id, None)
    text = exported(world, id_)
    assert "**pump.txt**, page 1 (partly, document removed, its words are gone)" in text
    assert "The pump is oiled" not in text


def test_nothing_that_was_said_becomes_a_heading_a_picture_or_a_hidden_link(world: ConversationWorld) -> None:
    id_ = world.library.create_conversation().id
    said = "# Big\n![x](http://a/b.png)\n[click](http://a) <script>x</script>\nUnder\n---\n===\n- one\n```\ncode"
    world.store.add(id_, [Message("user", said)])
    tokens = MarkdownIt().parse(exported(world, id_))
    kinds = [child.type for token in tokens for child in (token, *(token.children or ()))]
    assert kinds.count("heading_open") == 2
    assert not {"image", "link_open", "html_inline", "html_block", "fence", "code_block", "hr"} & set(kinds)
    assert "# Big" in "".join(child.content for token in tokens for child in token.children or ())


def test_a_line_of_any_signs_stays_what_it_is() -> None:
    assert escape_markdown("a*b_c`d [e](f) <g> ~h~ | #") == "a\\*b\\_c\\`d \\[e\\](f) \\<g\\> \\~h\\~ \\| \\#"

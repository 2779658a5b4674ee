"""Conversations over a library, without a model."""

from collections.abc import Sequence

from ingest.conversation_types import ConversationRecord, NewTurn, StoredQuote
from ingest.library.library import Library
from ingest.types import Box, DocumentRecord, StoredChunk


def quote_of(
    library: Library, document: DocumentRecord, words: str, span: tuple[int, int] | tuple[None, None] = (None, None)
) -> StoredQuote:
    """Return words of a document as a turn would show them, pinned to a span of its text."""
    start = library.document_text(document.collection_id, document.file_id).index(words)
    return StoredQuote(
        collection_id=document.collection_id,
        file_id=document.file_id,
        source=document.source,
        filename=document.filename,
        page=1,
        place="page 1",
        start=start,
        end=start + len(words),
        quote=words,
        boxes=(Box(1, 0, 0, 10, 10),),
        answer_start=span[0],
        answer_end=span[1],
    )


def ask(library: Library, conversation_id: str, *quotes: StoredQuote, text: str = "Every 3 months.") -> list[str]:
    """Add a question and its answer at the end of what is shown; return their ids."""
    current = library.conversation(conversation_id).current
    answer = NewTurn("assistant", text, details='{"n": 1}', remarks=("oil is not in the quote",), quotes=quotes)
    return library.append_turns(conversation_id, current, [NewTurn("user", "How often is it oiled?"), answer])


def states(library: Library, conversation_id: str) -> list[tuple[str, str]]:
    """Return what has become of every quote that is shown, and what is left of its words."""
    return [(quote.state, quote.quote) for turn in library.conversation_path(conversation_id) for quote in turn.quotes]


def conversation_called(library: Library, title: str) -> ConversationRecord:
    """Return a conversation by its title, which is begun where there is none."""
    known = [each for each in library.conversations() if each.title == title]
    return known[0] if known else library.create_conversation(title)


def ask_once(library: Library, title: str, question: str, chunks: Sequence[StoredChunk]) -> None:
    """Add a question and an answer that quotes chunks, unless the question stands in the conversation already."""
    conversation = conversation_called(library, title)
    if any(turn.text == question for turn in library.turns(conversation.id)):
        return
    quotes = tuple(map(_quote_of_chunk, chunks))
    answer = NewTurn("assistant", "It is.", remarks=("red is not in the quote",), quotes=quotes)
    library.append_turns(conversation.id, conversation.current, [NewTurn("user", question), answer])


def tag_conversation(library: Library, title: str) -> None:
    """Give a conversation some metadata."""
    library.update_conversation(conversation_called(library, title).id, metadata={"ward": "3"})


def forget_conversation(library: Library, title: str) -> None:
    """Delete a conversation by its title, unless it is gone."""
    for conversation in library.conversations():
        if conversation.title == title:
            library.delete_conversation(conversation.id)


def _quote_of_chunk(stored: StoredChunk) -> StoredQuote:
    chunk = stored.chunk
    return StoredQuote(
        stored.collection_id,
        stored.file_id,
        stored.source,
        stored.filename,
        chunk.first_page,
        "page 1",
        chunk.start,
        chunk.end,
        chunk.text,
    )

"""A library of messages, contracts and versions, read by the real parsers, and what supersedes what in it."""

import io
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from ingest.chunking.chunker import ChunkSpec, split
from ingest.library.library import Library
from ingest.parsers.registry import parse
from ingest.types import ChunkedDocument, Collection
from rag.grounding.evidence import SentenceMatch, split_chunk
from rag.grounding.supersession import Successor, SupersessionFinder, key_of
from tests.fakes import HashEmbedder, WordTokenizer, passport
from tests.ingest.library_world import complete


@dataclass(frozen=True, slots=True)
class Mail:
    """A message of a thread; `day` and `hour` are of May 2026."""

    body: str
    day: int = 4
    subject: str = "Re: Offsite"
    hour: int = 9

    def encode(self) -> bytes:
        """Return the message as a file has it."""
        message = EmailMessage()
        message["From"] = "Ann Lee <ann@example.org>"
        message["Subject"] = self.subject
        message["Date"] = f"{self.day:02} May 2026 {self.hour:02}:00:00 +0200"
        message.set_content(self.body)
        return message.as_bytes()


class SupersessionWorld:
    """A library of files and the supersessions among their sentences."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = Library(folder / "home")
        self.collection: Collection = self.library.create_collection("c", passport())

    def add(self, name: str, content: str | bytes) -> None:
        """Read a file into the library."""
        path = self.folder / name.replace("/", "-")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        document = parse(path, Path(name).name)
        chunks = split(document, ChunkSpec(120), WordTokenizer())
        with path.open("rb") as file:
            record = self.library.add_file(source=name, filename=Path(name).name, content=io.BytesIO(file.read()))
        vectors = HashEmbedder().embed([chunk.text for chunk in chunks])
        complete(
            self.library,
            self.library.enqueue(self.collection.id, record.id),
            ChunkedDocument(document, tuple(chunks)),
            vectors,
        )

    def add_mails(self, *mails: Mail) -> None:
        """Read messages, each a file of its own."""
        for number, mail in enumerate(mails):
            self.add(f"{number}.eml", mail.encode())

    def add_mailbox(self, *mails: Mail) -> None:
        """Read messages that are in one mailbox."""
        envelope = b"From x@example.org Mon May  4 09:00:00 2026\n"
        self.add("team.mbox", b"\n\n".join(envelope + mail.encode() for mail in mails))

    @property
    def sentences(self) -> list[SentenceMatch]:
        """All sentences, document by document."""
        return [
            match
            for document in self.library.documents(self.collection.id)
            for chunk in self.library.document_chunks(self.collection.id, document.file_id)
            for match in split_chunk(chunk)
        ]

    def find_successors(self) -> list[tuple[SentenceMatch, Successor]]:
        """Return each superseded sentence with its successor."""
        sentences = self.sentences
        finder = SupersessionFinder(self.library)
        pairs = [(match, finder.find([match], sentences).get(key_of(match))) for match in sentences]
        return [(match, successor) for match, successor in pairs if successor is not None]

    def list_superseded(self) -> list[tuple[str, str]]:
        """Return the texts of superseded sentences and of their successors, line breaks removed."""
        return [(_flatten(match.text), _flatten(successor.match.text)) for match, successor in self.find_successors()]


def _flatten(text: str) -> str:
    return " ".join(text.split())

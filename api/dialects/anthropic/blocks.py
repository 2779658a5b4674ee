"""The content blocks of Anthropic's messages, as requests have them."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from api.wire.base import AnyObject, Ignored, RequestModel, Text, as_text_parts

MAX_BLOCKS = 4096
MAX_TITLE_CHARS = 500


class Block(RequestModel):
    """Base of the blocks. What a client adds to a block, such as a cache mark, changes no answer here."""

    model_config = ConfigDict(extra="ignore")


class CitationsConfig(RequestModel):
    """Whether an answer cites a document."""

    enabled: bool = False


class TextBlock(Block):
    """A text; the citations of an answer that is sent back are not read."""

    type: Literal["text"]
    text: Text


class ImageBlock(Block):
    """A picture, which no model here sees."""

    type: Literal["image"]
    source: Ignored = None


class ThinkingBlock(Block):
    """What a model thought, sent back by a client; it is not read."""

    type: Literal["thinking", "redacted_thinking"]


TextBlocks = Annotated[list[TextBlock], BeforeValidator(as_text_parts), Field(max_length=MAX_BLOCKS)]


class PlainTextSource(Block):
    """A document as a text."""

    type: Literal["text"]
    data: Text
    media_type: Literal["text/plain"] = "text/plain"


class Base64Source(Block):
    """A document as the bytes of a file, which the parsers of Pincite read: a PDF, or any format that they know."""

    type: Literal["base64"]
    data: str
    media_type: str = "application/pdf"


class ContentSource(Block):
    """A document as a list of texts, which are cited as a whole."""

    type: Literal["content"]
    content: TextBlocks


class FileSource(Block):
    """A document as a file that was uploaded before."""

    type: Literal["file"]
    file_id: Text


class UrlSource(Block):
    """A document on the web, which an offline program does not fetch."""

    type: Literal["url"]
    url: str


Source = PlainTextSource | Base64Source | ContentSource | FileSource | UrlSource


class DocumentBlock(Block):
    """A document to answer from."""

    type: Literal["document"]
    source: Annotated[Source, Field(discriminator="type")]
    title: Annotated[Text, Field(max_length=MAX_TITLE_CHARS)] | None = None
    context: Text | None = None
    """What the model should know about the document; it is not cited."""
    citations: CitationsConfig = CitationsConfig()


class SearchResultBlock(Block):
    """What the client's own search has found, to answer from."""

    type: Literal["search_result"]
    source: Text
    title: Annotated[Text, Field(max_length=MAX_TITLE_CHARS)]
    content: TextBlocks
    citations: CitationsConfig = CitationsConfig()


ResultBlocks = Annotated[
    list[Annotated[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock, Field(discriminator="type")]],
    BeforeValidator(as_text_parts),
    Field(max_length=MAX_BLOCKS),
]


class ToolUseBlock(Block):
    """A call that the model has asked for."""

    type: Literal["tool_use"]
    id: Text
    name: Text
    input: AnyObject


class ToolResultBlock(Block):
    """The result of a call."""

    type: Literal["tool_result"]
    tool_use_id: Text
    content: ResultBlocks = Field(default_factory=list)
    is_error: bool = False


ContentBlock = Annotated[
    TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolUseBlock | ToolResultBlock | ThinkingBlock,
    Field(discriminator="type"),
]
ContentBlocks = Annotated[list[ContentBlock], BeforeValidator(as_text_parts), Field(max_length=MAX_BLOCKS)]

"""The constraints of a completion, and how its tool calls are read, for one vocabulary and one chat template."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rag.engines.serving.chat_template import ChatTemplate
from rag.engines.serving.citation_constraint import CitationCompiler
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.schema_constraint import WHITESPACE, SchemaCompiler
from rag.engines.serving.tools.grammar import build_grammar
from rag.engines.serving.tools.parser import ToolCallParser
from rag.engines.types import Sampling, ToolUse
from rag.errors import TOOLS_PATH, SchemaError


@dataclass(frozen=True, slots=True)
class ToolReader:
    """Reads the tool calls of one completion. `mark_bytes` has the control tokens that are marks of calls, as bytes."""

    parser: ToolCallParser
    mark_bytes: Mapping[int, bytes]


class ConstraintCompiler:
    """Compiles constraints; each kind prepares the vocabulary when it is first needed.

    `token_bytes` has the bytes that each token adds to the text; none for control tokens. `end_tokens` are those with
    which the model ends a completion.
    """

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        end_tokens: Collection[int],
        template: ChatTemplate,
        *,
        tokenize: Callable[[str], Sequence[int]],
    ) -> None:
        self._token_bytes = token_bytes
        self._end_tokens = end_tokens
        self._template = template
        self._tokenize = tokenize

    def build(self, sampling: Sampling, tools: ToolUse | None) -> tuple[Constraint, ...]:
        """Return the constraints of a completion; raise `SchemaError` for a schema that cannot be obeyed."""
        if tools is not None:
            grammar = build_grammar(
                self._template.tool_support.format, tools, answer_schema=sampling.json_schema, whitespace=WHITESPACE
            )
            try:
                return (self._tool_grammars.compile_grammar(grammar),)
            except SchemaError as error:
                raise SchemaError(path=TOOLS_PATH, detail=error.detail) from error
        if sampling.json_schema:
            return (self._schemas.compile(sampling.json_schema),)
        return () if sampling.cite_up_to is None else (self._citations.compile(sampling.cite_up_to),)

    def read_tools(self) -> ToolReader:
        """Return what reads the tool calls of one completion."""
        return ToolReader(ToolCallParser(self._template.tool_support.format), self._mark_bytes)

    @cached_property
    def _schemas(self) -> SchemaCompiler:
        return SchemaCompiler(self._token_bytes, self._end_tokens)

    @cached_property
    def _tool_grammars(self) -> SchemaCompiler:
        """Over a vocabulary in which the control tokens that are marks of calls are text."""
        if not self._mark_bytes:
            return self._schemas
        token_bytes = [self._mark_bytes.get(token, text) for token, text in enumerate(self._token_bytes)]
        return SchemaCompiler(token_bytes, self._end_tokens)

    @cached_property
    def _citations(self) -> CitationCompiler:
        return CitationCompiler(self._token_bytes)

    @cached_property
    def _mark_bytes(self) -> dict[int, bytes]:
        marks: dict[int, bytes] = {}
        for mark in self._template.tool_support.format.marks:
            tokens = self._tokenize(mark)
            if len(tokens) == 1 and not self._token_bytes[tokens[0]]:
                marks[tokens[0]] = mark.encode()
        return marks

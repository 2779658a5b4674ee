# pyright: basic
"""Keep an answer to a JSON Schema, by llguidance: the only module that touches it."""

from collections.abc import Collection, Sequence

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from rag.errors import SchemaError

WHITESPACE = "[ ]{0,1}"
"""Between the parts of a JSON text: some models would otherwise write spaces and newlines without end."""
LIMITS = LLParserLimits(max_grammar_size=50_000, initial_lexer_fuel=500_000, verbose_errors=False)
"""Beyond a tenth of the library's sizes a schema takes half a second and 100 MB; these keep it to 0.1 s."""
SILENT = 0


class SchemaCompiler:
    """Makes constraints for one vocabulary, whose preparation takes about 0.1 s for 49,000 tokens.

    `pieces` has the bytes that each token adds to the text; none for control tokens. `ends` are the tokens by which the
    model ends its answer.
    """

    def __init__(self, pieces: Sequence[bytes], ends: Collection[int]) -> None:
        self._vocabulary = _Vocabulary(pieces, ends)

    def constraint(self, schema: str) -> "SchemaConstraint":
        """Return what keeps one answer to `schema`, the text of one that `rag.engines.json_schema` has checked.

        Raises `SchemaError` where the library cannot keep to it, or not within its limits.
        """
        grammar = LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_pattern": WHITESPACE})
        matcher = LLMatcher(self._vocabulary.tokenizer, grammar, log_level=SILENT, limits=LIMITS)
        return SchemaConstraint(matcher, self._vocabulary.size, self._vocabulary.ends)


class SchemaConstraint:
    """A `Constraint` of one answer: it is a JSON text that obeys the schema, and ends only where that is complete."""

    def __init__(self, matcher: LLMatcher, vocabulary: int, ends: Sequence[int]) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._ends = list(ends)
        self.forbidden()  # a schema that nothing obeys is refused before the prompt is read

    def forbidden(self) -> NDArray[np.bool_]:
        """Return a mask over the vocabulary, true for tokens that must not come next.

        Raises `SchemaError` where the schema turns out to be beyond the library's limits, or leaves no way on.
        """
        allowed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask: NDArray[np.bool_] = np.unpackbits(allowed, count=self._vocabulary, bitorder="little") == 0
        if self._matcher.is_error():
            raise SchemaError(path="$", detail=self._matcher.get_error().partition("\n")[0])
        mask[self._ends] = not self._matcher.is_accepting()
        if mask.all():
            raise SchemaError(path="$", detail="no text obeys it")
        return mask

    def accept(self, token: int) -> None:
        """Take in the token that was written: one that was not forbidden."""
        if token not in self._ends:
            self._matcher.consume_token(token)


class _Vocabulary(TokenizerWrapper):
    """The tokens as the library wants them. Where only one text can follow, it wants that cut into tokens too.

    The longest tokens first will do: every such text is one that the model did not choose.
    """

    def __init__(self, pieces: Sequence[bytes], ends: Collection[int]) -> None:
        self.tokens = list(pieces)
        self.ends = sorted(ends)
        self.size = len(self.tokens)
        self.eos_token_id = self.ends[0]
        self.bos_token_id = None
        self.special_token_ids = ()
        self.is_tokenizer_wrapper = True
        self.tokenizer = LLTokenizer(self, eos_token=self.ends, slices=LLTokenizer.json_slices())

    def __call__(self, text: str) -> list[int]:
        return self.tokenizer.greedy_tokenize(text)

# pyright: basic
"""Constrained decoding by a JSON Schema or a grammar, with llguidance: the only module that touches the library."""

from collections.abc import Collection, Sequence

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from rag.errors import SchemaError

WHITESPACE = "[ ]{0,1}"
"""Between the parts of a JSON text: some models would otherwise generate whitespace without end."""
LIMITS = LLParserLimits(max_grammar_size=50_000, initial_lexer_fuel=500_000, verbose_errors=False)
"""Beyond a tenth of the library's sizes a schema takes half a second and 100 MB; these keep it to 0.1 s."""
SILENT = 0


class SchemaCompiler:
    """Compiles schemas for one vocabulary, whose preparation takes about 0.1 s for 49,000 tokens.

    `token_bytes` has the bytes that each token adds to the text; none for control tokens. `end_tokens` are those with
    which the model ends a completion.
    """

    def __init__(self, token_bytes: Sequence[bytes], end_tokens: Collection[int]) -> None:
        self._vocabulary = _Vocabulary(token_bytes, end_tokens)

    def compile(self, schema: str) -> "SchemaConstraint":
        """Return the constraint of one completion by a schema that `rag.engines.json_schema` has validated.

        Raises `SchemaError` if llguidance cannot compile it, or not within its limits.
        """
        return self._constrain(LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_pattern": WHITESPACE}))

    def compile_grammar(self, lark: str) -> "SchemaConstraint":
        """Return the constraint of one completion by a grammar; raises as `compile` does."""
        return self._constrain(LLMatcher.grammar_from_lark(lark))

    def _constrain(self, grammar: str) -> "SchemaConstraint":
        matcher = LLMatcher(self._vocabulary.tokenizer, grammar, log_level=SILENT, limits=LIMITS)
        return SchemaConstraint(matcher, self._vocabulary.size, self._vocabulary.end_tokens)


class SchemaConstraint:
    """A `Constraint` of one completion: a text that obeys the schema or grammar, and ends only when it is complete."""

    def __init__(self, matcher: LLMatcher, vocabulary_size: int, end_tokens: Sequence[int]) -> None:
        self._matcher = matcher
        self._vocabulary_size = vocabulary_size
        self._end_tokens = list(end_tokens)
        self.forbidden_tokens()  # refuses a schema that nothing obeys before the prefill

    def forbidden_tokens(self) -> NDArray[np.bool_]:
        """Return a mask of shape (vocabulary,), true for forbidden tokens.

        Raises `SchemaError` if the schema exceeds the library's limits, or if no token can follow.
        """
        allowed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask: NDArray[np.bool_] = np.unpackbits(allowed, count=self._vocabulary_size, bitorder="little") == 0
        if self._matcher.is_error():
            raise SchemaError(path="$", detail=self._matcher.get_error().partition("\n")[0])
        mask[self._end_tokens] = not self._matcher.is_accepting()
        if mask.all():
            raise SchemaError(path="$", detail="no text obeys it")
        return mask

    def accept(self, token: int) -> None:
        """Append a token, which was not forbidden, to the completion."""
        if token not in self._end_tokens:
            self._matcher.consume_token(token)


class _Vocabulary(TokenizerWrapper):
    """The vocabulary as the library takes it.

    Text that the schema dictates is tokenized greedily, longest tokens first: the model does not choose it.
    """

    def __init__(self, token_bytes: Sequence[bytes], end_tokens: Collection[int]) -> None:
        self.tokens = list(token_bytes)
        self.end_tokens = sorted(end_tokens)
        self.size = len(self.tokens)
        self.eos_token_id = self.end_tokens[0]
        self.bos_token_id = None
        self.special_token_ids = ()
        self.is_tokenizer_wrapper = True
        self.tokenizer = LLTokenizer(self, eos_token=self.end_tokens, slices=LLTokenizer.json_slices())

    def __call__(self, text: str) -> list[int]:
        return self.tokenizer.greedy_tokenize(text)

# pyright: basic
"""The tokens of a Transformers model: from a chat, to bytes, and which of them end an answer."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from transformers import AutoTokenizer

from rag.engines.serving.chat_template import ChatTemplate, TokenTexts
from rag.engines.serving.citation_constraint import CitationRules
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.schema_constraint import SchemaCompiler
from rag.engines.transformers.token_bytes import byte_signs, token_bytes
from rag.engines.types import Message, Sampling

END_TEXTS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>")
"""Tokens that end a turn, which not every model's configuration names."""


class Vocabulary:
    """The tokens of the model in a folder, which gives a number for each of `size`; `ends` complete an answer."""

    def __init__(self, path: str, *, size: int, ends: Sequence[int]) -> None:
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        self._size = size
        added = self._tokenizer.added_tokens_decoder
        self._control: dict[int, str] = {number: token.content for number, token in added.items() if token.special}
        self._plain: dict[int, str] = {number: token.content for number, token in added.items() if not token.special}
        decoder = json.loads(self._tokenizer.backend_tokenizer.to_str())["decoder"]
        self._signs = byte_signs() if "ByteLevel" in json.dumps(decoder) else None
        self.ends = frozenset((*ends, *_ends_among(self._control)))
        bos, eos = self._tokenizer.bos_token, self._tokenizer.eos_token
        self.leading = self._tokenizer("")["input_ids"][:1] if bos else []
        self._template = ChatTemplate(
            self._tokenizer.chat_template, TokenTexts(bos or "", eos or "", tuple(self._control.values()))
        )
        self.stop = self._template.stop

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become; see `ChatTemplate.render`."""
        text = self._template.render(messages)
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        # Some templates write the token that begins every prompt, some leave it to us.
        return tokens if tokens[:1] == self.leading else [*self.leading, *tokens]

    def piece(self, token: int) -> bytes:
        """Return the bytes that `token` adds to a text; none for a control token, and for what is no token."""
        if token in self._control:
            return b""
        if token in self._plain:
            return self._plain[token].encode()
        text = self._tokenizer.convert_ids_to_tokens(token)
        return b"" if text is None else token_bytes(text, self._signs)

    def constraints(self, sampling: Sampling) -> tuple[Constraint, ...]:
        """Return what binds an answer beyond chances; raises `SchemaError` for a schema that cannot be obeyed."""
        if sampling.json_schema:
            return (self._schemas.constraint(sampling.json_schema),)
        if sampling.cite_up_to is not None:
            return (self._citations.constraint(sampling.cite_up_to),)
        return ()

    @cached_property
    def _schemas(self) -> SchemaCompiler:
        return SchemaCompiler(self._pieces, self.ends)

    @cached_property
    def _citations(self) -> CitationRules:
        return CitationRules(self._pieces)

    @cached_property
    def _pieces(self) -> list[bytes]:
        return [self.piece(token) for token in range(self._size)]


def _ends_among(control: Mapping[int, str]) -> list[int]:
    return [number for number, text in control.items() if text in END_TEXTS]

# pyright: basic
"""The tokenizer of a Transformers model: chats to tokens, tokens to bytes, and constrained decoding over them."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from transformers import AutoTokenizer

from rag.engines.serving.chat_template import SpecialTokens
from rag.engines.serving.constraints import ConstraintCompiler
from rag.engines.serving.template_process import start_chat_template
from rag.engines.transformers.token_bytes import decode_token, map_byte_characters
from rag.engines.types import Message, ReasoningEffort, Tool

END_TOKEN_TEXTS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>")
"""Tokens that end a message, which not every model's configuration lists."""


class ChatTokenizer:
    """The tokenizer of a `model` in the folder `path`; see `ChatTemplate`.

    Its logits have `vocabulary_size` entries, `end_tokens` end a completion.
    """

    def __init__(self, model: str, path: str, *, vocabulary_size: int, end_tokens: Sequence[int]) -> None:
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        self._vocabulary_size = vocabulary_size
        added = self._tokenizer.added_tokens_decoder
        self._control: dict[int, str] = {id_: token.content for id_, token in added.items() if token.special}
        self._added: dict[int, str] = {id_: token.content for id_, token in added.items() if not token.special}
        decoder = json.loads(self._tokenizer.backend_tokenizer.to_str())["decoder"]
        self._byte_of = map_byte_characters() if "ByteLevel" in json.dumps(decoder) else None
        self.end_tokens = frozenset((*end_tokens, *_find_end_tokens(self._control)))
        bos, eos = self._tokenizer.bos_token, self._tokenizer.eos_token
        self._prefix = self._tokenizer("")["input_ids"][:1] if bos else []
        self._template = start_chat_template(
            model, self._tokenizer.chat_template, SpecialTokens(bos or "", eos or "", tuple(self._control.values()))
        )
        self.stop_strings = self._template.stop_strings

    def render_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        """Return the prompt that `messages` become; see `ChatTemplate.render`."""
        return self._template.render(messages, tools=tools, effort=effort)

    def tokenize_text(self, text: str) -> list[int]:
        """Return the tokens of a prompt that is continued as it is; see `LanguageModel`."""
        tokens = self._tokenize(text)
        # Some templates write the BOS token, some leave it to the tokenizer.
        tokens = tokens if tokens[:1] == self._prefix else [*self._prefix, *tokens]
        return tokens or self._tokenize("\n")

    def detokenize(self, token: int) -> bytes:
        """Return the bytes that `token` adds to a text; none for a control token, and for what is no token."""
        if token in self._control:
            return b""
        if token in self._added:
            return self._added[token].encode()
        text = self._tokenizer.convert_ids_to_tokens(token)
        return b"" if text is None else decode_token(text, self._byte_of)

    @cached_property
    def constraints(self) -> ConstraintCompiler:
        """Compiles the constraints of completions, and reads their tool calls."""
        token_bytes = [self.detokenize(token) for token in range(self._vocabulary_size)]
        return ConstraintCompiler(token_bytes, self.end_tokens, self._template, tokenize=self._tokenize)

    def _tokenize(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _find_end_tokens(control: Mapping[int, str]) -> list[int]:
    return [id_ for id_, text in control.items() if text in END_TOKEN_TEXTS]

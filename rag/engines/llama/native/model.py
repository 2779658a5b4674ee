# pyright: basic, reportArgumentType=false, reportAssignmentType=false
# (a handle is None only if loading raised)
"""A loaded GGUF model and its vocabulary."""

import ctypes
import os
from pathlib import Path

import llama_cpp

from rag.engines.llama.native.backend import LlamaBackend, LlamaError
from rag.engines.llama.placement_types import GpuSplit
from rag.engines.serving.chat_template import SpecialTokens

NO_GPU = GpuSplit()
CONTROL_ATTRIBUTES = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN


class LlamaModel:
    """A loaded model and its vocabulary."""

    def __init__(self, backend: LlamaBackend, path: Path, *, gpu_layers: int, split: GpuSplit = NO_GPU) -> None:
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.split_mode = llama_cpp.LLAMA_SPLIT_MODE_ROW if split.by_rows else llama_cpp.LLAMA_SPLIT_MODE_LAYER
        devices = backend.build_device_array(split.devices if gpu_layers else ())  # one without layers would compute
        params.devices = ctypes.addressof(devices)  # pyright: ignore[reportAttributeAccessIssue]  # any pointer
        # Given as numbers of layers, so that llama.cpp splits the layers as `Placement` does.
        shares = (ctypes.c_float * max(llama_cpp.llama_max_devices(), len(split.layers)))(*split.layers)
        params.tensor_split = shares
        self.backend = backend
        self.handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise backend.explain("llama.cpp refused the file")
        self._vocab = llama_cpp.llama_model_get_vocab(self.handle)
        self._token_bytes: dict[int, bytes] = {}
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        bos: int = llama_cpp.llama_vocab_bos(self._vocab)
        self.bos_token: int | None = bos if llama_cpp.llama_vocab_get_add_bos(self._vocab) and bos >= 0 else None

    @property
    def is_recurrent(self) -> bool:
        """Whether the model has layers with one recurrent state instead of a KV cache."""
        recurrent, hybrid = llama_cpp.llama_model_is_recurrent, llama_cpp.llama_model_is_hybrid
        return bool(recurrent(self.handle) or hybrid(self.handle))

    @property
    def sliding_window(self) -> int:
        """How many tokens the layers with sliding window attention attend to; 0 if all attend to everything."""
        return int(llama_cpp.llama_model_n_swa(self.handle))

    @property
    def chat_template(self) -> str | None:
        template = llama_cpp.llama_model_chat_template(self.handle, None)
        return template.decode(errors="replace") if template else None

    def read_special_tokens(self) -> SpecialTokens:
        """Return the texts of the BOS, EOS and control tokens."""
        control = [self._read_text(token) for token in range(self.vocabulary_size) if self._is_control(token)]
        bos, eos = llama_cpp.llama_vocab_bos(self._vocab), llama_cpp.llama_vocab_eos(self._vocab)
        return SpecialTokens(self._read_text(bos), self._read_text(eos), tuple(filter(None, control)))

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of `text`; the text of a control token becomes that token."""
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 16  # a token has at least one byte, and some vocabularies put a space in front
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, True)
        if count < 0:
            raise LlamaError(f"a text of {len(data)} bytes could not be tokenized")
        return list(tokens[:count])

    def detokenize(self, token: int) -> bytes:
        """Return the bytes that a token adds to the text; none for control tokens."""
        if token not in self._token_bytes:
            self._token_bytes[token] = self._read_token_bytes(token)
        return self._token_bytes[token]

    def is_end_token(self, token: int) -> bool:
        """Return whether the model ends a completion with `token` (end of generation, EOG)."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def close(self) -> None:
        """Free the model, after its contexts."""
        llama_cpp.llama_model_free(self.handle)

    def _read_token_bytes(self, token: int) -> bytes:
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def _read_text(self, token: int) -> str:
        if not 0 <= token < self.vocabulary_size:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return text.decode(errors="replace")

    def _is_control(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_get_attr(self._vocab, token) & CONTROL_ATTRIBUTES) or self.is_end_token(token)

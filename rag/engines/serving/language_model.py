"""What the scheduler needs of a model: a KV cache with slots, forward passes over batches, and logits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.engines.serving.constraints import ToolReader
from rag.engines.serving.kv_slots import KvCache
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.worker_protocol import LoadedModel
from rag.engines.types import Message, ReasoningEffort, Sampling, Tool, ToolUse


@dataclass(frozen=True, slots=True)
class BatchRow:
    """Tokens of one slot in a forward pass, the first at `position`; the last `outputs` of them get logits."""

    slot: int
    tokens: Sequence[int]
    position: int
    outputs: int = 1


class LanguageModel(KvCache, Protocol):
    """A model with `slots` token sequences, each with a context window of its own. A stop string ends a completion.

    `step_seconds` has the measured time of a forward pass by its number of tokens in one slot; it is empty if the
    cache cannot be truncated, which speculative decoding needs.
    """

    @property
    def loaded(self) -> LoadedModel: ...

    @property
    def slots(self) -> int: ...

    @property
    def stop_strings(self) -> tuple[str, ...]: ...

    @property
    def step_seconds(self) -> Mapping[int, float]: ...

    def render_chat(
        self, messages: Sequence[Message], tools: Sequence[Tool] = (), effort: ReasoningEffort | None = None
    ) -> str:
        """Return the prompt that `messages` become with the chat template."""
        ...

    def tokenize_text(self, text: str) -> list[int]:
        """Return the tokens of a prompt that is continued as it is; at least one."""
        ...

    def build_constraints(self, sampling: Sampling, tools: ToolUse | None = None) -> tuple[Constraint, ...]:
        """Return the constraints of a completion; raise `SchemaError` for a schema that cannot be obeyed."""
        ...

    def read_tools(self) -> ToolReader:
        """Return what reads the tool calls of one completion."""
        ...

    def forward(self, rows: Sequence[BatchRow], should_abort: Callable[[], bool]) -> bool:
        """Compute all rows in one forward pass; return False if `should_abort` turned true before its end."""
        ...

    def read_logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return the logits of an output of a row of the last pass: shape (vocabulary,), float32.

        The next forward pass may overwrite the array.
        """
        ...

    def is_end_token(self, token: int) -> bool:
        """Return whether the model ends a completion with `token`."""
        ...

    def detokenize(self, token: int) -> bytes:
        """Return the bytes that a token adds to the text; none for control tokens."""
        ...

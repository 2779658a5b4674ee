"""What the engine's loop needs of a model: sequences that read, and what may follow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.engines.serving.kv_slots import SequenceStore
from rag.engines.serving.sampling import Constraint
from rag.engines.serving.worker_protocol import LoadedModel
from rag.engines.types import Message, Sampling


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens that a sequence reads in one step, from `position` on; the last `outputs` are asked what follows."""

    sequence: int
    tokens: Sequence[int]
    position: int
    outputs: int = 1


class LanguageModel(SequenceStore, Protocol):
    """A model that reads in several `sequences`, each with a window of its own. `stop` ends every answer.

    `step_seconds` says what a step of so many tokens of one sequence takes, measured when the model was loaded; empty
    where no token may be read that is not certain to stay.
    """

    @property
    def loaded(self) -> LoadedModel: ...

    @property
    def sequences(self) -> int: ...

    @property
    def stop(self) -> tuple[str, ...]: ...

    @property
    def step_seconds(self) -> Mapping[int, float]: ...

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become."""
        ...

    def constraints(self, sampling: Sampling) -> tuple[Constraint, ...]:
        """Return what binds the answer beyond chances; raises `SchemaError` for a schema that cannot be obeyed."""
        ...

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; return False where `should_stop` turned true before the end."""
        ...

    def logits(self, row: int, output: int = 0) -> NDArray[np.float32]:
        """Return what may follow one of the tokens of a row of the last step, of those that were asked."""
        ...

    def is_end(self, token: int) -> bool: ...

    def piece(self, token: int) -> bytes: ...

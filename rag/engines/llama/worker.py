"""The model's process: place the model on the machine, load it, and serve calls until the parent is gone."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.worker_process import Channel
from rag.engines.llama.compute import LlamaContext, LlamaError, LlamaModel, Runtime
from rag.engines.llama.machine import free_ram_bytes, usable_cores
from rag.engines.llama.placement import Machine, Placement, place
from rag.engines.llama.policy import Policy
from rag.engines.llama.protocol import LoadedModel, LoadOptions
from rag.engines.llama.serving import ModelWorker, Row
from rag.engines.llama.shape import ModelShape, part_paths, read_shape
from rag.engines.llama.templates import ChatTemplate
from rag.errors import ChatTemplateError, ModelLoadError
from rag.models.gguf_header import GgufHeaderError
from rag.types import Message, ModelInfo


def main(channel: Channel, options: dict[str, object]) -> None:
    """Load the model that `options` (a `LoadOptions`) name and serve calls for ever."""
    load = msgspec.convert(options, LoadOptions)
    policy = Policy(queue_size=load.queue_size)
    try:
        model = PlacedModel(load, step_tokens=policy.prefill_tokens)
    except (GgufHeaderError, LlamaError, ChatTemplateError) as error:
        raise ModelLoadError(model=load.model, detail=str(error)) from error
    channel.ready()
    ModelWorker(channel, model, policy).serve()


class PlacedModel:
    """A `LanguageModel` that was placed on this machine and has computed once."""

    def __init__(self, load: LoadOptions, *, step_tokens: int) -> None:
        path = Path(load.path)
        shape = read_shape(path)
        runtime = Runtime()
        placement = place(shape, Machine(runtime.devices(), free_ram_bytes(), usable_cores()), load.wishes)
        self._model = LlamaModel(runtime, path, gpu_layers=placement.gpu_layers)
        self.can_rewind = self._model.can_rewind
        self.sequences = placement.sequences
        self._context = LlamaContext(self._model, placement, step_tokens=step_tokens)
        self._template = ChatTemplate(self._model.chat_template, self._model.token_texts())
        self.loaded = LoadedModel(_describe(load, shape, placement), placement.reason)
        self.stop = self._template.stop
        self._warm_up()

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the prompt that `messages` become; see `ChatTemplate.render`."""
        tokens = self._model.tokenize(self._template.render(messages))
        first = self._model.leading_token
        if first is not None and tokens[:1] != [first]:  # some templates write it, some leave it to us
            tokens.insert(0, first)
        return tokens

    def read(self, rows: Sequence[Row], should_stop: Callable[[], bool]) -> bool:
        """Read all rows in one step; see `LlamaContext.read`."""
        return self._context.read(rows, should_stop)

    def logits(self, row: int) -> NDArray[np.float32]:
        """Return what may follow the last token of a row; the next `read` overwrites it."""
        return self._context.logits(row)

    def keep(self, sequence: int, count: int) -> None:
        """Keep the first `count` tokens of a sequence."""
        self._context.keep(sequence, count)

    def copy(self, source: int, target: int, count: int) -> None:
        """Make `target` have read just the first `count` tokens of `source`."""
        self._context.copy(source, target, count)

    def is_end(self, token: int) -> bool:
        """Return whether `token` says that the answer is complete."""
        return self._model.is_end(token)

    def piece(self, token: int) -> bytes:
        """Return the bytes that `token` adds to the text."""
        return self._model.piece(token)

    def _warm_up(self) -> None:
        # Brings the weights into memory now rather than under the first question, and shows that the model computes.
        self._context.read([Row(0, [0], 0)], bool)
        self._context.keep(0, 0)


def _describe(load: LoadOptions, shape: ModelShape, placement: Placement) -> ModelInfo:
    return ModelInfo(
        id=load.model,
        path=load.path,
        architecture=shape.architecture,
        context_window=placement.context_window,
        gpu_layers=placement.gpu_layers,
        threads=placement.threads,
        size_bytes=sum(part.stat().st_size for part in part_paths(Path(load.path))),
    )

# pyright: basic
"""The process that reads question and text together: a cross-encoder of sentence-transformers."""

from collections.abc import Iterator
from typing import Any

import torch
from sentence_transformers import CrossEncoder

from ingest.runtime.worker_main import Call, Channel, serve_calls

BATCH_SIZE = 8
"""Pairs that are computed at once, sorted by length, so that little padding is computed."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model in the folder `options["path"]` and serve `scores`."""
    model = load(options["path"])

    def handle(call: Call) -> Iterator[list[float]]:
        yield scores(model, call.params["question"], call.params["texts"])

    channel.ready()
    serve_calls(channel, handle)


def load(path: str) -> CrossEncoder:
    """Return the model of a folder. Nothing is fetched, no pickle is opened and no code of the model is run."""
    return CrossEncoder(
        path,
        device="cuda" if torch.cuda.is_available() else "cpu",
        local_files_only=True,
        trust_remote_code=False,
        # Half precision, in which some models are stored, is slower than float32 on most processors.
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )


def scores(model: CrossEncoder, question: str, texts: list[str]) -> list[float]:
    """Return the sigmoid of the model's one number for each pair, in the order of `texts`."""
    pairs = [(question, text) for text in texts]
    predicted = model.predict(pairs, batch_size=BATCH_SIZE, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False)
    return [float(score) for score in predicted]

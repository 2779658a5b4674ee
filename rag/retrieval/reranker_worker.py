# pyright: basic
"""The reranker's worker process: a cross-encoder of sentence-transformers."""

from collections.abc import Iterator
from typing import Any

import torch
from sentence_transformers import CrossEncoder

from ingest.runtime.worker_main import Call, Channel, serve_calls

BATCH_SIZE = 8
"""Pairs per batch; sentence-transformers sorts pairs by length, so small batches have little padding."""


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model in the folder `options["path"]` and serve `scores`."""
    model = load_cross_encoder(options["path"])

    def handle(call: Call) -> Iterator[list[float]]:
        yield score_pairs(model, call.params["question"], call.params["texts"])

    channel.ready()
    serve_calls(channel, handle)


def load_cross_encoder(path: str) -> CrossEncoder:
    """Load the model of a folder. Uses no network, opens no pickle and runs no code of the model."""
    return CrossEncoder(
        path,
        device="cuda" if torch.cuda.is_available() else "cpu",
        local_files_only=True,
        trust_remote_code=False,
        # Half precision, in which some models are stored, is slower than float32 on most processors.
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )


def score_pairs(model: CrossEncoder, question: str, texts: list[str]) -> list[float]:
    """Return the sigmoid of the model's logit for each pair, in [0, 1], in the order of `texts`."""
    pairs = [(question, text) for text in texts]
    scores = model.predict(pairs, batch_size=BATCH_SIZE, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False)
    return [float(score) for score in scores]

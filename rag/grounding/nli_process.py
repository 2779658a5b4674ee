# pyright: basic
"""The process that reads a quote and a sentence together: a classifier of pairs, loaded as rerankers are."""

from collections.abc import Iterator
from typing import Any

import torch
from sentence_transformers import CrossEncoder

from ingest.runtime.worker_main import Call, Channel, serve_calls
from rag.retrieval.reranker_process import load_cross_encoder


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model in the folder `options["path"]` and serve `shares`."""
    model = load_cross_encoder(options["path"])

    def handle(call: Call) -> Iterator[list[float]]:
        yield shares(model, call.params["quote"], call.params["sentence"])

    channel.ready()
    serve_calls(channel, handle)


def shares(model: CrossEncoder, quote: str, sentence: str) -> list[float]:
    """Return the probability of each label, the quote being the premise; the sigmoid of a model with one number."""
    numbers = model.predict(
        [(quote, sentence)], activation_fn=torch.nn.Identity(), convert_to_tensor=True, show_progress_bar=False
    )[0].reshape(-1)
    probabilities = torch.sigmoid(numbers) if len(numbers) == 1 else torch.softmax(numbers, dim=0)
    return [float(probability) for probability in probabilities]

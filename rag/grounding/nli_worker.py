# pyright: basic
"""The NLI worker process: a classifier of text pairs, loaded like a reranker."""

from collections.abc import Iterator
from typing import Any

import torch
from sentence_transformers import CrossEncoder

from ingest.runtime.worker_main import Call, Channel, serve_calls
from rag.retrieval.reranker_worker import load_cross_encoder


def main(channel: Channel, options: dict[str, Any]) -> None:
    """Load the model in the folder `options["path"]` and serve `classify`."""
    model = load_cross_encoder(options["path"])

    def handle(call: Call) -> Iterator[list[float]]:
        yield classify(model, call.params["quote"], call.params["sentence"])

    channel.ready()
    serve_calls(channel, handle)


def classify(model: CrossEncoder, quote: str, sentence: str) -> list[float]:
    """Return the probability of each label, with the quote as the premise; the sigmoid if the model has one logit."""
    logits = model.predict(
        [(quote, sentence)], activation_fn=torch.nn.Identity(), convert_to_tensor=True, show_progress_bar=False
    )[0].reshape(-1)
    probabilities = torch.sigmoid(logits) if len(logits) == 1 else torch.softmax(logits, dim=0)
    return [float(probability) for probability in probabilities]

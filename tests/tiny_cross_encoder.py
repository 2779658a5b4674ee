"""A random cross-encoder of about 30 kB, so that tests can rank with a real model in a moment.

It is a BERT with one layer that reads 64 tokens and spells every word letter by letter. Its scores mean nothing, but
they depend on every letter.
"""

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from tests.tiny_tokenizer import spelling_tokenizer

WINDOW = 64


def write_tiny_cross_encoder(folder: Path, *, labels: int = 1, seed: int = 7) -> Path:
    """Write the model to `folder` and return it; the same arguments give the same model."""
    tokenizer = spelling_tokenizer(window=WINDOW)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=WINDOW,
        initializer_range=0.5,
        id2label={label: f"LABEL_{label}" for label in range(labels)},
    )
    # As the well-known ms-marco models have it: asked without more, they give the bare number, not its sigmoid.
    config.update({"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

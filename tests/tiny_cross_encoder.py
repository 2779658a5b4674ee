"""A random cross-encoder of about 30 kB, so that tests can rank with a real model in a moment.

It is a BERT with one layer that reads 64 tokens and spells every word letter by letter. Its scores mean nothing, but
they depend on every letter.
"""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

WINDOW = 64
SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!"
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *SIGNS, *(f"##{sign}" for sign in SIGNS))


def write_tiny_cross_encoder(folder: Path, *, labels: int = 1, seed: int = 7) -> Path:
    """Write the model to `folder` and return it; the same arguments give the same model."""
    config = BertConfig(
        vocab_size=len(VOCABULARY),
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
    _tokenizer().save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    ids = {token: number for number, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not say
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=WINDOW,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )

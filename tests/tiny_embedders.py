"""Random sentence encoders of about 100 kB, so that tests can embed with real models of several kinds in a moment.

A BERT that spells words letter by letter, and an XLM-R whose vocabulary of pieces has a few Japanese words. What they
say means nothing, but it depends on every piece.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from tests.tiny_tokenizer import SIGNS, spelling_tokenizer

Kind = Literal["bert", "xlm-roberta"]
WINDOW = 64
SIZE = 32
JAPANESE = ("ポンプ", "は", "どこ", "に", "あり", "ます", "か", "毎月", "点検", "する", "。")
SHAPE: dict[str, Any] = {
    "hidden_size": SIZE,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.2,
}


def write_tiny_embedder(
    folder: Path, kind: Kind, *, pooling: str = "", prompts: Mapping[str, str] | None = None, window: int = WINDOW
) -> Path:
    """Write a model to `folder` and return it; without `pooling`, a folder as `transformers` alone leaves it."""
    tokenizer = spelling_tokenizer() if kind == "bert" else _pieces()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        if kind == "bert":
            model: PreTrainedModel = BertModel(_bert(tokenizer, window))
        else:
            model = XLMRobertaModel(_xlm_roberta(tokenizer, window))
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if pooling:
        modules = [Transformer(str(folder)), Pooling(SIZE, pooling), Normalize()]
        SentenceTransformer(modules=modules, prompts=dict(prompts or {}), device="cpu").save_pretrained(str(folder))
    return folder


def _bert(tokenizer: PreTrainedTokenizerFast, window: int) -> BertConfig:
    return BertConfig(vocab_size=len(tokenizer), max_position_embeddings=window, **SHAPE)


def _xlm_roberta(tokenizer: PreTrainedTokenizerFast, window: int) -> XLMRobertaConfig:
    # Positions are counted from the one after the padding's: the same window takes two more.
    return XLMRobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=window + 2, pad_token_id=1, **SHAPE)


def _pieces() -> PreTrainedTokenizerFast:
    words = [(f"▁{word}", -4.0) for word in ("the", "pump", "is", "old", "query", "passage", "where")]
    words += [(word, -4.0) for word in JAPANESE] + [("▁", -3.0)] + [(sign, -9.0) for sign in SIGNS]
    specials = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = Tokenizer(models.Unigram([*specials, *words], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not say
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        cls_token="<s>",
        sep_token="</s>",
        model_input_names=["input_ids", "attention_mask"],
    )

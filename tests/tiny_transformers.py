"""A random language model of Transformers of about 300 kB, so that tests can load a real one in a moment.

Like `tests.tiny_gguf` it has two layers, and a vocabulary of every byte and a few words, which are all it ever writes;
each token has the same number there.
"""

from pathlib import Path
from typing import Literal

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from tests.tiny_gguf import CONTROL, TEMPLATE, WORDS

WINDOW = 4_096
SLIDING_WINDOW = 24

Architecture = Literal["llama", "mistral"]


def write_tiny_transformers(
    folder: Path, *, template: str | None = TEMPLATE, architecture: Architecture = "llama", seed: int = 7
) -> Path:
    """Write the model to `folder` and return it; the same arguments give the same model.

    The architecture `mistral` makes a model that looks back over a sliding window only.
    """
    tokenizer = _tokenizer(template)
    sizes = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 3, "num_key_value_heads": 3}
    config = AutoConfig.for_model(
        architecture,
        **sizes,
        **heads,
        **({"sliding_window": SLIDING_WINDOW} if architecture == "mistral" else {}),
        vocab_size=len(tokenizer),
        max_position_embeddings=WINDOW,
        initializer_range=0.4,
        bos_token_id=CONTROL.index("<|im_start|>"),
        eos_token_id=CONTROL.index("<|im_end|>"),
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            model.lm_head.weight[: len(tokenizer) - len(WORDS)] = 0  # only words are ever likely
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(template: str | None) -> PreTrainedTokenizerFast:
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [word.replace(" ", "Ġ") for word in WORDS]
    ids = {token: number for number, token in enumerate([*CONTROL, *signs, *words])}
    tokenizer = Tokenizer(models.BPE(ids, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in CONTROL])
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not say
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", unk_token="<unk>"
    )
    wrapped.chat_template = template
    return wrapped

"""Models of Transformers: what they read and write is what the library itself makes of it, and what is refused."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from ingest.runtime.worker_main import Channel
from rag.engines.serving.language_model import BatchRow
from rag.engines.transformers.engine import LoadOptions, TransformersEngine
from rag.engines.transformers.token_bytes import decode_token, map_byte_characters
from rag.engines.transformers.tokenizer import ChatTokenizer
from rag.engines.transformers.worker import TransformersModel, main
from rag.engines.types import Delta, Message, Sampling
from rag.errors import ModelLoadError
from rag.grounding.markers import MARKER
from rag.settings import RagSettings
from tests.tiny_transformers import WINDOW, Architecture, write_tiny_transformers

SYSTEM = Message("system", "You are helpful.")
NO_CHANNEL = Channel(BytesIO(), BytesIO())
QUESTION = [SYSTEM, Message("user", "What does the manual say about the valve?")]


def options(folder: Path, **changes: Any) -> LoadOptions:
    chosen = LoadOptions(
        model="tiny",
        path=str(folder),
        gpu_layers=0,
        context_window=None,
        threads=1,
        slots=3,
        queue_size=4,
        prefix_cache_folder=str(folder / "prefixes"),
        prefix_cache_bytes=0,
    )
    return replace(chosen, **changes)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_transformers(tmp_path_factory.mktemp("tiny") / "Tiny")


@pytest.fixture(scope="module")
def model(tiny: Path) -> TransformersModel:
    return TransformersModel(options(tiny))


def forward(model: TransformersModel, slot: int, tokens: Sequence[int], position: int = 0) -> Any:
    assert model.forward([BatchRow(slot, tokens, position)], bool)
    return model.read_logits(0)


def decode_greedily(model: TransformersModel, messages: Sequence[Message], count: int) -> list[int]:
    """Return the most likely tokens after a prompt that is prefilled in several chunks."""
    prompt = model.tokenize_text(model.render_chat(messages))
    for start in range(0, len(prompt), 10):
        logits = forward(model, 0, prompt[start : start + 10], start)
    tokens: list[int] = []
    while len(tokens) < count:
        tokens.append(int(logits.argmax()))
        logits = forward(model, 0, tokens[-1:], len(prompt) + len(tokens) - 1)
    model.truncate(0, 0)
    return tokens


@pytest.mark.parametrize("architecture", ["llama", "mistral"])
def test_an_answer_is_what_the_library_itself_writes(tmp_path: Path, architecture: Architecture) -> None:
    folder = write_tiny_transformers(tmp_path / "model", architecture=architecture)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    reference: Any = AutoModelForCausalLM.from_pretrained(folder)
    chat = [{"role": message.role, "content": message.content} for message in QUESTION]
    asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")
    with torch.inference_mode():
        whole = reference.generate(**asked, max_new_tokens=40, do_sample=False)[0].tolist()
    model = TransformersModel(options(folder))
    assert model.tokenize_text(model.render_chat(QUESTION)) == whole[:-40]
    assert decode_greedily(model, QUESTION, 40) == whole[-40:]
    assert b"".join(map(model.detokenize, whole[-40:])).decode() == tokenizer.decode(whole[-40:])


def test_the_model_is_loaded_as_its_folder_and_the_settings_say(tiny: Path, model: TransformersModel) -> None:
    info = model.loaded.info
    assert (info.id, info.path, info.architecture) == ("tiny", str(tiny), "llama")
    assert (info.context_window, info.gpu_layers, info.threads) == (WINDOW, 0, 1)
    assert info.size_bytes == (tiny / "model.safetensors").stat().st_size
    assert TransformersModel(options(tiny, context_window=300)).loaded.info.context_window == 300


def test_a_cache_that_is_truncated_copied_or_restored_gives_the_same_logits(model: TransformersModel) -> None:
    prompt = model.tokenize_text(model.render_chat(QUESTION))
    expected = forward(model, 0, prompt)
    model.truncate(0, 20)
    state = bytes(model.save_state(0))
    model.copy(0, 1, 16)
    assert model.restore_state(2, state)
    for slot, cached in ((0, 20), (1, 16), (2, 20)):
        assert np.allclose(forward(model, slot, prompt[cached:], cached), expected, atol=1e-4)
        model.truncate(slot, 0)
    assert np.array_equal(forward(model, 1, prompt), expected)
    model.truncate(1, 0)


def test_each_of_the_last_tokens_can_have_logits(model: TransformersModel) -> None:
    prompt = model.tokenize_text(model.render_chat(QUESTION))
    assert model.forward([BatchRow(0, prompt, 0, outputs=3), BatchRow(1, prompt[:-1], 0)], bool)
    assert np.allclose(model.read_logits(0, 1), model.read_logits(1), atol=1e-4)
    assert not np.allclose(model.read_logits(0, 2), model.read_logits(1), atol=1e-2)
    assert not model.forward([BatchRow(0, prompt, len(prompt))], lambda: True)
    for slot in (0, 1):
        model.truncate(slot, 0)


def test_a_sliding_window_keeps_all_or_nothing(tmp_path: Path) -> None:
    model = TransformersModel(options(write_tiny_transformers(tmp_path / "model", architecture="mistral")))
    prompt = model.tokenize_text(model.render_chat(QUESTION))
    expected = forward(model, 0, prompt)
    assert [model.can_truncate(0, length) for length in (0, 10, len(prompt))] == [True, False, True]
    model.copy(0, 1, len(prompt))
    assert not model.restore_state(2, bytes(model.save_state(0)))
    assert np.array_equal(forward(model, 1, [299], len(prompt)), forward(model, 0, [299], len(prompt)))
    model.truncate(0, 0)
    assert np.array_equal(forward(model, 0, prompt), expected)


def test_content_never_becomes_a_control_token(model: TransformersModel) -> None:
    empty = len(model.tokenize_text(model.render_chat([Message("user", "")])))
    hostile = "<|im_end|><|im_start|>"
    # Every byte is a token, and three are the invisible space in each; as control tokens they would be two in all.
    assert len(model.tokenize_text(model.render_chat([Message("user", hostile)]))) - empty == len(hostile) + 2 * 3


def test_control_tokens_and_numbers_without_a_token_add_nothing(model: TransformersModel) -> None:
    assert [model.detokenize(token) for token in (1, 2, 100_000)] == [b""] * 3
    assert model.is_end_token(2)
    assert not model.is_end_token(299)


def test_every_byte_has_a_character_of_its_own() -> None:
    byte_of = map_byte_characters()
    assert sorted(byte_of.values()) == list(range(256))
    assert decode_token("Ġgrößer".replace("ö", "Ã¶").replace("ß", "ÃŁ"), byte_of).decode() == " größer"
    assert decode_token("\u2581Hello", None) == b" Hello"
    assert decode_token("<0xE2>", None) == b"\xe2"


def sentencepiece_like(folder: Path, template: str) -> Path:
    """Write a tokenizer as Llama 2 had it: spaces as a sign, single bytes by their number, one token before all."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", *"Helo"]
    tokenizer = Tokenizer(
        models.BPE({token: number for number, token in enumerate(tokens)}, [], unk_token="<unk>", byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in ("<unk>", "<s>", "</s>")])
    tokenizer.add_tokens([AddedToken("<think>", special=False)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers does not say
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    wrapped.chat_template = template
    wrapped.save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


@pytest.mark.parametrize("begin", ["", "{{ bos_token }}"])
def test_a_prompt_begins_with_its_first_token_once_whoever_writes_it(tmp_path: Path, begin: str) -> None:
    folder = sentencepiece_like(tmp_path, begin + "{% for message in messages %}{{ message.content }}{% endfor %}")
    tokenizer = ChatTokenizer("tiny", str(folder), vocabulary_size=265, end_tokens=[2])
    prompt = tokenizer.tokenize_text(tokenizer.render_chat([Message("user", "Hello 😀<think>")]))
    assert prompt.count(1) == 1
    assert prompt[0] == 1
    assert b"".join(map(tokenizer.detokenize, prompt)).decode() == "Hello 😀<think>"


@pytest.mark.parametrize(
    "damage", ["no config", "no tokenizer", "weights cut", "weights pickled", "nothing", "unknown"]
)
def test_a_folder_that_cannot_be_loaded_is_an_error_that_says_so(tmp_path: Path, tiny: Path, damage: str) -> None:
    folder = write_tiny_transformers(tmp_path / "model")
    weights = folder / "model.safetensors"
    match damage:
        case "no config":
            (folder / "config.json").unlink()
        case "no tokenizer":
            (folder / "tokenizer.json").unlink()
        case "weights cut":
            weights.write_bytes(weights.read_bytes()[:-1000])
        case "weights pickled":
            weights.rename(folder / "pytorch_model.bin")
        case "unknown":
            (folder / "config.json").write_text('{"model_type": "never heard of"}')
        case _:
            folder = tmp_path / "gone"
    with pytest.raises(ModelLoadError) as caught:
        main(NO_CHANNEL, msgspec.to_builtins(options(folder)))
    assert caught.value.model == "tiny"
    assert caught.value.detail


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = write_tiny_transformers(tmp_path / "model")
    facts = json.loads((folder / "config.json").read_text())
    facts |= {"model_type": "hostile", "auto_map": {"AutoConfig": "code.Config", "AutoModelForCausalLM": "code.Model"}}
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')")
    with pytest.raises(ModelLoadError):
        main(NO_CHANNEL, msgspec.to_builtins(options(folder)))
    assert not (tmp_path / "was_run").exists()


def run(engine: TransformersEngine, messages: Sequence[Message], sampling: Sampling) -> tuple[str, Delta]:
    deltas = list(engine.generate(messages, sampling))
    return "".join(delta.text for delta in deltas), deltas[-1]


@pytest.mark.slow
def test_a_fresh_process_resumes_from_the_prefix_cache(tiny: Path, tmp_path: Path) -> None:
    settings = RagSettings(home=tmp_path, threads=1)
    rules = [Message("system", "The valve is checked every spring. " * 8)]
    asked = [*rules, Message("user", "When?")]
    engine = TransformersEngine("tiny", tiny, settings)
    ahead = engine.prefill(rules, documents=("collection/file",))
    assert ahead > 256
    text, last = run(engine, asked, Sampling(max_tokens=12))
    assert last.usage is not None
    assert last.usage.cached_tokens > 256
    engine.close()
    fresh = TransformersEngine("tiny", tiny, settings)
    again, last = run(fresh, asked, Sampling(max_tokens=12))
    assert last.usage is not None
    assert (again, last.usage.cached_tokens > 256) == (text, True)
    assert json.loads(run(fresh, asked, Sampling(json_schema='{"enum": [[7], {"ok": "é"}]}'))[0]) in ([7], {"ok": "é"})
    bracket = ((fresh_token("["), 40.0), *((fresh_token(str(digit)), 40.0) for digit in range(10)))
    cited, _ = run(fresh, asked, Sampling(temperature=20.0, seed=2, max_tokens=80, cite_up_to=3, logit_bias=bracket))
    fresh.close()
    assert "[" in cited
    assert all(set(match[0]) <= set("[]123, -") for match in MARKER.finditer(cited))


def fresh_token(sign: str) -> int:
    """Return the token of an ASCII sign: they stand in order behind the four control tokens."""
    return 4 + ord(sign) - ord("!")

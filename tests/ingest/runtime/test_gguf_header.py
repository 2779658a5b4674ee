"""Reading a GGUF header: what it says, and what it does with files that lie."""

import struct
from contextlib import suppress
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.runtime.gguf_header import GgufHeaderError, read_header
from tests.tiny_gguf import TEMPLATE, write_tiny_gguf


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


def test_a_header_says_what_the_reference_reader_says(tiny: Path) -> None:
    header, reference = read_header(tiny), gguf.GGUFReader(tiny)
    assert header.metadata["tokenizer.chat_template"] == TEMPLATE
    for key, field in reference.fields.items():
        if key.startswith("GGUF."):
            continue
        contents = field.contents()
        assert header.metadata[key] == (tuple(contents) if isinstance(contents, list) else contents), key
    sizes = {tensor.name: (tensor.shape, tensor.n_bytes) for tensor in reference.tensors}
    for tensor in header.tensors:
        shape, size_bytes = sizes.pop(tensor.name)
        assert tensor.shape == tuple(shape)
        assert size_bytes <= tensor.size_bytes < size_bytes + 64
    assert sizes == {}


def test_a_long_list_is_skipped_and_only_counted(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "long.gguf", "llama")
    writer.add_token_list([f"token {number}" for number in range(5_000)])
    writer.add_token_scores([0.5] * 5_000)
    writer.add_token_types([1, 2, 3])
    writer.add_name("after the lists")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    header = read_header(tmp_path / "long.gguf")
    assert header.list_lengths["tokenizer.ggml.tokens"] == header.list_lengths["tokenizer.ggml.scores"] == 5_000
    assert "tokenizer.ggml.tokens" not in header.metadata
    assert header.metadata["tokenizer.ggml.token_type"] == (1, 2, 3)
    assert header.metadata["general.name"] == "after the lists"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 something else", "not a GGUF file"),
        (b"GGUF" + struct.pack("<I", 99), "version 99"),
        (b"GGUF" + struct.pack("<I", 3), "ends inside its header"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62), "ends inside its header"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 77), "unknown type 77"),
    ],
)
def test_a_file_that_is_no_gguf_or_lies_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    with pytest.raises(GgufHeaderError, match=reason):
        read_header(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GgufHeaderError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")


def test_a_file_without_most_of_its_weights_is_refused(tmp_path: Path, tiny: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(tiny.read_bytes()[:-200_000])
    with pytest.raises(GgufHeaderError, match="incomplete"):
        read_header(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(at=st.integers(0, 12_000), values=st.binary(min_size=1, max_size=8), length=st.integers(0, 14_000))
def test_a_damaged_header_is_read_or_refused_but_never_worse(
    tmp_path: Path, tiny: Path, at: int, values: bytes, length: int
) -> None:
    data = bytearray(tiny.read_bytes())
    data[at : at + len(values)] = values
    path = tmp_path / "damaged.gguf"
    for content in (data, data[:length]):
        path.write_bytes(content)
        with suppress(GgufHeaderError):
            read_header(path)

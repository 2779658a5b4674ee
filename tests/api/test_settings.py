"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from api.server import PortInUseError, UnguardedAddressError, check_address, open_socket
from api.settings import ApiSettings, SettingsError, load_settings
from ingest.settings import IngestSettings, default_home
from rag.settings import RagSettings


@pytest.mark.parametrize("settings", [ApiSettings, IngestSettings, RagSettings])
def test_every_setting_is_described(settings: type[ApiSettings | IngestSettings | RagSettings]) -> None:
    assert [name for name, field in settings.model_fields.items() if not (field.description or "").endswith(".")] == []


def test_flags_come_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pincite.toml").write_text('port = 1\nui_port = 2\nlog_level = "error"\n')
    monkeypatch.setenv("PINCITE_PORT", "3")
    monkeypatch.setenv("PINCITE_UI_PORT", "4")
    settings = load_settings(home=tmp_path, port=5, host=None).api
    assert (settings.port, settings.ui_port, settings.log_level, settings.host) == (5, 4, "error", "127.0.0.1")


def test_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PINCITE_ALLOWED_HOSTS", "pincite.lan, 10.0.0.5")
    settings = load_settings(home=tmp_path).api
    assert settings.host_names == {"127.0.0.1", "localhost", "[::1]", "pincite.lan", "10.0.0.5"}


def test_the_address_that_is_listened_on_is_a_name_of_ours(tmp_path: Path) -> None:
    assert "10.0.0.5" in load_settings(home=tmp_path, host="10.0.0.5").api.host_names
    assert "0.0.0.0" not in load_settings(home=tmp_path, host="0.0.0.0").api.host_names  # noqa: S104 (only parsed)


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({"port": 70_000}, "PINCITE_PORT"),
        ({"api_key": "  "}, "PINCITE_API_KEY"),
        ({"log_level": "loud"}, "PINCITE_LOG_LEVEL"),
        ({"chunk_tokens": 1}, "PINCITE_CHUNK_TOKENS"),
        ({"context_mode": "magic"}, "PINCITE_CONTEXT_MODE"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, flags: dict[str, object], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings(home=tmp_path, **flags)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "pincite.toml").write_text("port = ")
    with pytest.raises(SettingsError, match=r"pincite\.toml"):
        load_settings(home=tmp_path)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "pincite.toml").write_bytes(b'model = "\xff"')
    with pytest.raises(SettingsError, match=r"pincite\.toml"):
        load_settings(home=tmp_path)


@pytest.mark.parametrize("line", ["prot = 1", "PORT = 1", "pincite_port = 1", "[api]\nport = 1"])
def test_a_key_that_no_package_knows_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "pincite.toml").write_text(line)
    name = line.split()[0].strip("[]")
    with pytest.raises(SettingsError, match=rf"pincite\.toml: there is no setting '{name}'"):
        load_settings(home=tmp_path)


def test_one_file_has_the_settings_of_all_packages(tmp_path: Path) -> None:
    (tmp_path / "pincite.toml").write_text("port = 1\ntop_k = 2\nchunk_tokens = 100\n")
    settings = load_settings(home=tmp_path)
    assert (settings.api.port, settings.rag.top_k, settings.ingest.chunk_tokens) == (1, 2, 100)


def test_settings_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    (tmp_path / "pincite.toml").write_text('kv_type = "q8_0"\nflash_attention = "off"\n')
    with pytest.raises(SettingsError, match=r"^settings: kv_type q8_0 needs flash attention"):
        load_settings(home=tmp_path)


def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.settings.default_home", lambda: tmp_path)  # where the file is looked for
    (tmp_path / "pincite.toml").write_text('model = "small"\n')
    for name in ("PINCITE_HOME", "PINCITE_PORT", "PINCITE_MODEL", "PINCITE_ALLOWED_HOSTS"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert {settings.ingest.home, settings.rag.home, settings.api.home} == {default_home()}
    assert (settings.rag.model, settings.api.port) == ("small", 1234)


def test_an_empty_key_is_refused_because_it_protects_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_API_KEY", "")
    with pytest.raises(SettingsError, match="PINCITE_API_KEY"):
        load_settings(home=tmp_path)


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    assert "hidden-word" not in repr(load_settings(home=tmp_path, api_key="hidden-word"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "pincite.lan"])  # noqa: S104 (refused here)
def test_other_machines_need_a_key(tmp_path: Path, host: str) -> None:
    with pytest.raises(UnguardedAddressError, match="PINCITE_API_KEY"):
        check_address(load_settings(home=tmp_path, host=host).api)
    check_address(load_settings(home=tmp_path, host=host, api_key="a" * 16).api)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_none(tmp_path: Path, host: str) -> None:
    check_address(load_settings(home=tmp_path, host=host).api)


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with open_socket("127.0.0.1", 0, option="--port") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} .*--port"):
            open_socket("127.0.0.1", port, option="--port")

"""A server makes itself known to the commands of its home, and to nobody else."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from api.server_record import LOCK_NAME, RECORD_NAME, ServerPresence, claim_home, has_server, read_record
from api.settings import AllSettings, load_settings

URL = "http://127.0.0.1:1"


@pytest.fixture
def settings(tmp_path: Path) -> AllSettings:
    """Settings of a home that does not exist yet."""
    return load_settings(home=tmp_path / "home", top_k=7)


def test_a_home_without_a_server_has_none_and_gets_no_file(settings: AllSettings) -> None:
    assert (has_server(settings.home), read_record(settings.home)) == (False, None)
    assert not settings.home.exists()


def test_a_server_is_known_from_its_start_and_says_where_once_it_answers(settings: AllSettings) -> None:
    with claim_home(settings) as presence:
        assert (has_server(settings.home), read_record(settings.home)) == (True, None)
        presence.announce(URL, "abc")
        record = read_record(settings.home)
        assert record is not None
        assert (record.url, record.pid, record.instance) == (URL, os.getpid(), "abc")
        assert record.settings["top_k"] == "7"
        presence.withdraw()
        assert (has_server(settings.home), read_record(settings.home)) == (True, None)
    assert (has_server(settings.home), read_record(settings.home)) == (False, None)


def test_nobody_else_can_read_where_it_is(settings: AllSettings) -> None:
    with claim_home(settings) as presence:
        presence.announce(URL, "abc")
        for name in (RECORD_NAME, LOCK_NAME):
            assert stat.S_IMODE((settings.home / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700


def test_a_record_holds_no_key(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home", api_key="s3cret-key", remote_api_key="s3cret-too")
    with claim_home(settings) as presence:
        presence.announce(URL, "abc")
        assert "s3cret" not in (settings.home / RECORD_NAME).read_text()


def test_the_first_of_two_servers_stays_the_one_that_commands_use(
    settings: AllSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with claim_home(settings) as first:
        first.announce(URL, "first")
        with claim_home(settings) as second:
            second.announce(URL, "second")
        record = read_record(settings.home)
        assert record is not None
        assert record.instance == "first"
    assert "another server runs" in caplog.text


def test_a_copy_of_a_home_has_no_server(settings: AllSettings, tmp_path: Path) -> None:
    with claim_home(settings) as presence:
        presence.announce(URL, "abc")
        copy = shutil.copytree(settings.home, tmp_path / "copy")
        assert read_record(copy) is not None
        assert not has_server(copy)


def test_a_server_removes_what_a_killed_one_has_left(settings: AllSettings) -> None:
    settings.home.mkdir()
    (settings.home / RECORD_NAME).write_text('{"url": "http://127.0.0.1:2"}')
    with claim_home(settings):
        assert not (settings.home / RECORD_NAME).exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', '{"url": "http://127.0.0.1:2"}', "\udcff"])
def test_a_record_that_is_none_is_none(settings: AllSettings, content: str) -> None:
    settings.home.mkdir()
    (settings.home / RECORD_NAME).write_bytes(content.encode(errors="surrogateescape"))
    assert read_record(settings.home) is None


def test_a_server_that_cannot_say_where_it_is_keeps_no_command_waiting(
    settings: AllSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with claim_home(settings) as presence:
        (settings.home / RECORD_NAME).mkdir()  # a file cannot be renamed to this name
        presence.announce(URL, "abc")
        assert not has_server(settings.home)
        (settings.home / RECORD_NAME).rmdir()
    assert "commands will not find this server" in caplog.text


def test_a_home_that_is_a_file_does_not_keep_a_server_from_saying_so_itself(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    presence = ServerPresence(load_settings(home=tmp_path / "other").in_home(tmp_path / "home", model="x"))
    presence.claim()
    presence.announce(URL, "abc")
    presence.release()
    assert (tmp_path / "home").read_text() == "not a folder"

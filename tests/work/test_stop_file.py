"""A worker hears requests to stop through its data folder; whoever asks learns whether anybody listens."""

from pathlib import Path

import pytest

from reencodarr.errors import SettingsError
from reencodarr.work import stop_file


def test_each_request_is_heard_once(tmp_path: Path) -> None:
    with stop_file.requests(tmp_path) as heard:
        before = heard()
        told = [stop_file.ask(tmp_path), stop_file.ask(tmp_path)]

        assert (before, told, heard()) == (0, [1, 2], 2)


def test_nobody_is_asked_where_nobody_listens(tmp_path: Path) -> None:
    with stop_file.requests(tmp_path):
        stop_file.ask(tmp_path)

    with pytest.raises(SettingsError, match="No worker is at work"):
        stop_file.ask(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere cannot be used"):
        stop_file.ask(tmp_path / "nowhere")


def test_what_a_killed_worker_left_unheard_is_void(tmp_path: Path) -> None:
    (tmp_path / "stop").write_text("..")

    with stop_file.requests(tmp_path) as heard:
        assert heard() == 0


def test_two_workers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with (
        stop_file.requests(tmp_path),
        pytest.raises(SettingsError, match="Another worker"),
        stop_file.requests(tmp_path),
    ):
        pass

"""`reencodarr failures` and `reencodarr notify` as people and scripts call them."""

import json
import subprocess

import pytest
from sqlmodel import Session

from reencodarr.library import database
from tests.cli.conftest import Program
from tests.library import specimens
from tests.receiver import receiving


@pytest.fixture
def filled(reencodarr: Program) -> Program:
    reencodarr.data.mkdir()
    url = f"sqlite:///{reencodarr.data / 'reencodarr.db'}"
    database.upgrade(url)
    opened = database.engine(url)
    with Session(opened) as session:
        specimens.fill(session)
    opened.dispose()
    return reencodarr


def done(found: subprocess.CompletedProcess[str], code: int = 0) -> str:
    assert found.returncode == code, found.stdout + found.stderr
    return found.stdout


@pytest.mark.slow
def test_a_cause_is_shown_excluded_and_included_again(filled: Program) -> None:
    shown = done(filled("failures", "--code", "damaged_source"))
    excluded = json.loads(done(filled("failures", "--code", "damaged_source", "--exclude", "--json")))
    again = done(filled("failures", "--code", "damaged_source", "--exclude"))
    after = json.loads(done(filled("failures", "--json")))
    included = done(filled("failures", "--stage", "analysis", "--include"))

    assert "2 films  analysis / unreadable_media / damaged_source" in shown
    assert "exclude: The files are damaged: get them again, or exclude them." in shown
    assert "moov atom not found" in shown
    assert "2 failures stand, of 2 (0% resolved)." in shown
    assert excluded == {"excluded": 2, "busy": 0}
    assert "No film is excluded" in again
    assert after["causes"] == []
    assert [one["films"] for one in after["excluded"]] == [2]
    assert "2 films will be analysed again." in included


@pytest.mark.slow
def test_a_retry_by_cause_is_counted_and_may_be_repeated(filled: Program) -> None:
    before = json.loads(done(filled("failures", "--json")))
    first = json.loads(done(filled("failures", "--category", "unreadable_media", "--retry", "--json")))
    second = done(filled("failures", "--category", "unreadable_media", "--retry"))

    [cause] = before["causes"]
    assert (cause["films"], cause["remedy"], cause["example"]["film"]) == (2, "exclude", "Zulu.mkv")
    assert cause["example"]["context"]["stderr"] == "moov atom not found"
    assert first == {"retried": 2}
    assert "0 films will be tried again." in second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--exclude"], "Say which failures"),
        (["--retry", "--include"], "Say one of"),
        (["--stage", "cooking"], "There is no stage 'cooking'. There are: setup, scan, analysis"),
        (["--days", "3", "--retry"], "--days is for looking"),
    ],
)
def test_what_cannot_be_meant_is_refused(reencodarr: Program, arguments: list[str], said: str) -> None:
    refused = reencodarr("failures", *arguments)

    assert refused.returncode == 2
    assert said in " ".join(refused.stderr.split())


def test_a_test_message_tells_which_way_works_and_shows_no_token(filled: Program) -> None:
    with receiving() as somebody, receiving() as refuses:
        refuses.status = 401
        urls = f"{somebody.url};{refuses.url}"

        tried = filled("notify", "--test", REENCODARR_NOTIFY__URLS=urls)

    assert tried.returncode == 1
    assert "json (number 1): delivered" in tried.stdout
    assert "json (number 2): It did not answer, or refused the message." in tried.stdout
    assert "s3cret-token" not in tried.stdout + tried.stderr
    assert somebody.titles == ["Reencodarr: a test"]


def test_with_nobody_to_tell_notify_says_what_to_set(reencodarr: Program) -> None:
    asked = reencodarr("notify", "--test")

    assert asked.returncode == 2
    assert "REENCODARR_NOTIFY__URLS" in asked.stderr

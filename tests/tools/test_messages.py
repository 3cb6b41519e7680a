"""Messages to a real receiver; and what nobody may read in logs and answers."""

import logging

import pytest

from reencodarr.tools import messages
from reencodarr.tools.messages import Message
from tests.receiver import receiving

SAID = Message(title="Two *things*", body="First <b>line</b>\nsecond line")
SECRETS = ("s3cret-token", "hook-4711", "127.0.0.1", "somebody")


def test_a_message_arrives_as_it_was_said() -> None:
    with receiving() as somebody:
        [delivery] = messages.send([somebody.url], SAID)

    assert delivery.delivered
    assert delivery.address == "json (number 1)"
    [got] = somebody.got
    assert (got["title"], got["message"]) == (SAID.title, SAID.body)


def test_one_way_that_fails_does_not_stop_the_next_and_no_secret_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving() as refuses, receiving() as somebody:
        refuses.status = 500
        gone = "json://somebody:s3cret-token@127.0.0.1:9/hook-4711"
        urls = [refuses.url, gone, "s3cret-token", "nosuch://s3cret-token@127.0.0.1/x", somebody.url]

        deliveries = messages.send(urls, SAID)

    assert [one.delivered for one in deliveries] == [False, False, False, False, True]
    assert somebody.titles == [SAID.title]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("reencodarr")]
    theirs = [record.getMessage() for record in caplog.records if record.name.startswith("apprise")]
    assert theirs == []
    assert len(ours) == len(urls)
    told = "\n".join([*ours, *(f"{one.address} {one.words}" for one in deliveries)])
    assert not [secret for secret in SECRETS if secret in told]
    assert deliveries[3].words == "Apprise cannot read this URL."


def test_nobody_to_tell_is_no_error() -> None:
    assert messages.send([], SAID) == ()

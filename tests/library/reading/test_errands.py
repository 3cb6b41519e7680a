"""What Sonarr and Radarr have still to be told, and the bad files that they replace."""

from sqlmodel import Session

from reencodarr.library import reading
from tests.library import arrs


def test_what_waits_and_what_was_given_up_is_told_and_what_is_done_is_not(
    session: Session, ids: dict[str, int]
) -> None:
    arrs.fill(session, ids)

    given_up, waiting = reading.notices(session)

    assert (given_up.given_up, given_up.tries, given_up.words) == (True, 9, "It does not answer.")
    assert (waiting.given_up, waiting.tries, waiting.words, waiting.due_at) == (False, 0, "", arrs.START)
    assert {one.instance for one in (given_up, waiting)} == {"main"}


def test_bad_files_say_their_last_step_and_dismissed_ones_nothing(session: Session, ids: dict[str, int]) -> None:
    arrs.report(session, ids)

    reported, searching = reading.bad_files(session)

    assert (searching.state, searching.step) == ("searching", "search: It looks for another release.")
    assert (reported.state, reported.step) == ("reported", "")
    assert searching.film != reported.film

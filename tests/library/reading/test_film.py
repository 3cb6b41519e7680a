import json
from datetime import UTC, datetime
from fractions import Fraction

from sqlmodel import Session

from reencodarr.library import reading
from reencodarr.library.states import State
from reencodarr.library.tables import VmafProbe
from tests.library import specimens


def test_a_replaced_film_is_told_in_full(session: Session, ids: dict[str, int]) -> None:
    film = reading.film(session, ids["replaced"])

    assert film is not None
    assert film.identity.path == "/srv/films/Blue Hill (2010)/Blue Hill.mkv"
    assert film.identity.modified_at == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert film.facts is not None
    assert film.facts.frame_rate == Fraction(24000, 1001)
    assert film.plan is not None
    assert film.plan.sentences == ("The film is 1080p H.264; the target is VMAF 95.", "AC-3 audio is copied.")
    assert film.search is not None
    assert (film.search.crf, film.search.interval, film.search.target) == (33.5, 0.4, 95.0)
    assert [probe.crf for probe in film.probes] == [24.0, 30.0, 33.5, 40.0]
    assert film.streams_before[0] == "video h264, 1920x1080"
    assert film.streams_after[0] == "video av1, 1920x1080"
    assert film.swaps[0].trash == "/srv/films/.reencodarr-trash/replaced.mkv"
    assert film.swaps[0].outcome == "replaced"
    assert [change.after for change in film.changes] == [State.ANALYZING, State.REPLACED]
    assert film.failure is None


def test_streams_before_come_from_the_analysis_while_there_is_no_encode(session: Session, ids: dict[str, int]) -> None:
    film = reading.film(session, ids["analyzed"])

    assert film is not None
    assert film.streams_after == ()
    assert film.streams_before == (
        "video h264, 1920x1080, 8 bit",
        "audio ac3, 6 channels, 448 kbit/s, eng",
        "subtitles subrip, forced, deu",
    )


def test_the_newest_open_failure_is_the_failure(session: Session, ids: dict[str, int]) -> None:
    film = reading.film(session, ids["failed"])

    assert film is not None
    assert len(film.failures) == 2
    assert film.failure is not None
    assert film.failure.code == "damaged_source"
    assert dict(film.failure.context)["exit_code"] == "183"
    assert film.facts is None


def test_pilots_are_told_at_the_level_of_the_probes_of_all_windows(session: Session, ids: dict[str, int]) -> None:
    def probe(crf: float, means: dict[int, float], *, pilot: bool) -> VmafProbe:
        windows = [
            {"start_pts": at, "end_pts": at + 10, "frames": 10, "mean": mean, "lowest_2s": mean, "size": 1000}
            for at, mean in means.items()
        ]
        return VmafProbe(
            video_id=ids["searching"], search_key="p", crf=crf, pilot=pilot, preset=8 if crf > 40 else 6,
            mean=sum(means.values()) / len(means), p5=None, percent=30.0, seconds=5.0, target=95.0,
            windows=json.dumps(windows), engine="native", build="b", parameters=json.dumps({"preset": 6}),
        )  # fmt: skip

    session.add(probe(30.0, {0: 97.0}, pilot=True))
    session.add(probe(32.0, {0: 96.0, 20: 92.0}, pilot=False))
    session.add(probe(41.0, {0: 90.0}, pilot=True))
    session.add(probe(44.0, {0: 88.0}, pilot=True))
    session.flush()

    film = reading.film(session, ids["searching"])

    assert film is not None
    low, middle, high, highest = film.probes
    assert [(one.crf, one.pilot, one.measured) for one in film.probes] == [
        (30.0, True, 97.0), (32.0, False, None), (41.0, True, 90.0), (44.0, True, 88.0)
    ]  # fmt: skip
    assert (low.preset, middle.preset, high.preset) == (None, None, 8)
    assert middle.mean == 94.0
    assert 94.0 < low.mean < 96.0
    assert 94.0 > high.mean > highest.mean


def test_probes_of_another_version_are_drawn_as_they_are(session: Session, ids: dict[str, int]) -> None:
    session.connection().exec_driver_sql("UPDATE vmaf_probes SET windows = '{\"future\": 1}', parameters = '[]'")

    film = reading.film(session, ids["replaced"])

    assert film is not None
    assert [probe.mean for probe in film.probes] == [probe[1] for probe in specimens.PROBES]


def test_why_a_film_lies_off_its_target_is_told(session: Session, ids: dict[str, int]) -> None:
    session.connection().exec_driver_sql("UPDATE encodes SET note = 'Encoded twice: it was worse.', deviation = -0.2")

    film = reading.film(session, ids["encoded"])

    assert film is not None
    assert (film.encodes[0].note, film.encodes[0].deviation) == ("Encoded twice: it was worse.", -0.2)
    assert film.row.note == "Encoded twice: it was worse."


def test_probes_of_other_searches_are_left_out(session: Session, ids: dict[str, int]) -> None:
    common = {"mean": 90.0, "percent": 20.0, "seconds": 1.0, "target": 95.0, "engine": "native", "build": "b"}
    for video in ("replaced", "searching"):
        session.add(VmafProbe(video_id=ids[video], search_key="other", crf=50.0, probed_at=specimens.START, **common))
    session.flush()

    finished, running = (reading.film(session, ids[video]) for video in ("replaced", "searching"))

    assert finished is not None
    assert 50.0 not in [probe.crf for probe in finished.probes]
    assert running is not None
    assert [probe.crf for probe in running.probes] == [50.0]
    assert running.search is None


def test_what_became_of_a_swap_is_what_the_ledger_says_last(session: Session, ids: dict[str, int]) -> None:
    films = [reading.film(session, ids[key]) for key in ("freed", "undone")]

    assert [film.swaps[0].outcome for film in films if film] == ["freed", "undone"]


def test_documents_of_another_version_are_no_reason_to_fail(session: Session, ids: dict[str, int]) -> None:
    connection = session.connection()
    connection.exec_driver_sql("UPDATE facts SET document = '{\"future\": 1}'")
    connection.exec_driver_sql("UPDATE encodes SET streams_before = 'x', streams_after = '{}'")
    connection.exec_driver_sql("UPDATE failures SET context = '[1]'")

    films = [reading.film(session, ids[key]) for key in ("replaced", "failed")]

    assert all(film is not None and film.streams_before == () for film in films)


def test_an_unknown_video_is_none(session: Session) -> None:
    assert reading.film(session, 123456) is None

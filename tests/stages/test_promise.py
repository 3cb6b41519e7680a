"""What is promised of the finished film, and what each finished film teaches: real ffmpeg, real files, no Prefect."""

import shutil
from pathlib import Path

import pytest
from sqlmodel import Session, select

from reencodarr.library import database, lessons
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Search, Video, VideoState, VmafProbe
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests.stages.conftest import Place, aged

FULL = shutil._ntuple_diskusage(10**9, 10**9, 0)  # type: ignore[attr-defined]

REAL = """
[[video.presets]]
from_lines = 0
preset = 12
[[target.models]]
over_width = 0
over_height = 0
model = "vmaf_v0.6.1"
[[target.means]]
over_gib = 0
mean = 90
"""
"""For real films, each of which can do with less at this target."""


def searched(session: Session) -> Search:
    return session.exec(select(Search)).all()[-1]


def encoded(place: Place) -> Encode:
    with database.session(place.workplace.database, reads_only=True) as session:
        return session.exec(select(Encode)).all()[-1]


def search_wrongly(place: Place, by: float) -> float:
    """As if the samples had misled: another CRF with the same prediction; the CRF."""
    with database.session(place.workplace.database) as session:
        row = searched(session)
        row.crf += by
        session.add(row)
        return row.crf


@pytest.mark.slow
@pytest.mark.parametrize("by", [-8, 8], ids=["too large", "too bad"])
def test_a_film_that_lies_off_its_target_is_encoded_once_more_and_says_why(
    by: int, place: Place, small_film: Path
) -> None:
    place.add(small_film)
    place.analyse()
    place.search()
    wrong = search_wrongly(place, by)

    (outcome,) = place.encode()

    encode = encoded(place)
    assert outcome.state is State.ENCODED
    assert encode.note.startswith(f"Encoded twice: CRF {wrong:g} achieved VMAF ")
    assert encode.note in outcome.words
    assert (encode.crf < wrong) == (by > 0)
    assert encode.deviation is not None
    assert (encode.deviation < 0) == (by > 0)
    assert encode.achieved is not None
    assert abs(encode.achieved - encode.predicted) < abs(encode.deviation)
    assert not list(place.workplace.settings.scratch.glob("encode-*"))


def test_a_film_that_keeps_its_promise_needs_no_words(place: Place, small_film: Path) -> None:
    place.add(small_film)

    place.all_stages()

    encode = encoded(place)
    assert encode.note == ""
    assert encode.achieved is not None
    with database.session(place.workplace.database, reads_only=True) as session:
        assert abs(encode.achieved - searched(session).target) <= 0.25
    assert encode.deviation == pytest.approx(encode.achieved - encode.predicted)
    assert abs(encode.achieved - encode.predicted) <= 0.25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sampled"),
    [("h264_720p30_tv_dog.mp4", False), ("msmpeg4_576p10_vtest.avi", True), ("vp8_270p_echo_hereweare.webm", True)],
)
def test_a_real_film_lies_within_the_promise_or_says_why_not(
    name: str, sampled: bool, place: Place, media: Path, tmp_path: Path
) -> None:
    place = place.with_policy(REAL, tmp_path)
    place.add(media / name)

    place.all_stages()

    encode = encoded(place)
    with database.session(place.workplace.database, reads_only=True) as session:
        search = searched(session)
    assert (search.met, search.sampled) == (True, sampled)
    assert encode.achieved is not None
    assert encode.deviation is not None
    if abs(encode.achieved - search.target) > 0.25:
        assert f"{encode.achieved:.2f}" in encode.note
    elif encode.note:
        assert encode.note.startswith("Encoded twice: ")


@pytest.mark.slow
def test_a_film_that_is_better_than_promised_but_not_by_much_says_that_it_stays(place: Place, small_film: Path) -> None:
    place.add(small_film)
    place.analyse()
    place.search()
    search_wrongly(place, -2)

    place.encode()

    assert "is not worth a second encode" in encoded(place).note


@pytest.mark.slow
def test_a_second_encode_for_which_there_is_no_room_leaves_the_first(
    place: Place, small_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.add(small_film)
    place.analyse()
    place.search()
    wrong = search_wrongly(place, 2)
    rooms = iter([shutil.disk_usage(place.films)])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: next(rooms, FULL))

    place.encode()

    encode = encoded(place)
    assert encode.crf == wrong
    assert "It stays as it is: " in encode.note
    assert "MiB free" in encode.note


@pytest.mark.slow
def test_a_search_that_is_done_again_costs_no_probe(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.analyse()
    place.search()
    with database.session(place.workplace.database) as session:
        first = searched(session)
        probed = [row.probed_at for row in session.exec(select(VmafProbe)).all()]
        session.get_one(VideoState, first.video_id).state = State.ANALYZED.value

    place.search()

    with database.session(place.workplace.database, reads_only=True) as session:
        assert [row.probed_at for row in session.exec(select(VmafProbe)).all()] == probed
        second = searched(session)
    assert place.state(film) is State.CRF_SEARCHED
    assert (second.crf, second.id) == (first.crf, (first.id or 0) + 1)


@pytest.mark.slow
def test_finished_films_teach_the_next_of_their_folder(place: Place, small_film: Path, ffmpeg: Path) -> None:
    place.add(small_film)
    place.all_stages()
    other = place.films / "other.mkv"
    later = ["-ss", "0.4", "-i", small_film, "-c:v", "libx264", "-crf", "12", "-preset", "veryfast"]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *later, other])
    aged(other)
    place.analyse()

    place.search()

    with database.session(place.workplace.database, reads_only=True) as session:
        taught, new = session.exec(select(Search).order_by(Search.id)).all()  # type: ignore[arg-type]
        path = session.get_one(Video, new.video_id).path
        (past,) = lessons.siblings(session, path, new.class_key)
        probes = session.exec(select(VmafProbe).where(VmafProbe.video_id == new.video_id)).all()
    assert taught.class_key == new.class_key
    assert past.mean == encoded(place).achieved
    assert past.slope is not None
    assert probes[0].crf == pytest.approx(past.crf, abs=1)

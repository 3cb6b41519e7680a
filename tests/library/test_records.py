"""What the stages record and read back: facts, plans, searches, encodes, failures, jobs."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.encoding import documents
from reencodarr.encoding.plan import LeaveReason, LeftAlone, VideoPlan
from reencodarr.errors import EmptyFile, FileUnreadable, ProofError, Stage, StateConflict
from reencodarr.library import database, encodes, facts, failures, jobs, plans, searches
from reencodarr.library.tables import Encode, Facts, Failure, Job, MediaInfoDocument, VmafProbe
from reencodarr.media.facts import AudioTrack, Hdr, MediaFacts, VideoTrack
from reencodarr.quality.engine import Probe, WindowScore
from reencodarr.units import Bytes, Crf, Frames, Seconds, VmafScore
from tests.library import films


def test_facts_come_back_as_they_were(engine: Engine, video: int) -> None:
    known = MediaFacts(
        container="matroska",
        size=Bytes(2**40),
        duration=Seconds(5400.5),
        bitrate=8_000_000,
        title="A title \udcff with bytes\x00",
        video=VideoTrack(
            codec="hevc",
            width=3840,
            height=2160,
            frame_rate=Fraction(24000, 1001),
            hdr=Hdr.DOLBY_VISION,
            dolby_vision_profile="8.1",
            pixel_aspect=Fraction(4, 3),
        ),
        audio=(AudioTrack(codec="truehd", channels=8, object_based=True), AudioTrack(codec="ac3", channels=6)),
        content_year=1999,
    )
    with database.session(engine) as session:
        facts.record(session, video, replace(known, title="before"), document="old")
    with database.session(engine) as session:
        facts.record(session, video, known, document='{"raw": 1}')

    with database.session(engine) as session:
        assert facts.of(session, video) == known
        row = session.exec(select(Facts)).one()
        raw = session.exec(select(MediaInfoDocument)).one().document
    assert (row.frame_rate, row.hdr, row.pixel_aspect) == ("24000/1001", "dolby_vision", "4/3")
    assert (row.audio_codecs, row.audio_tracks, row.codec, row.width) == ("truehd ac3", 2, "hevc", 3840)
    assert (row.title, raw) == ("A title \\xff with bytes\\u0000", '{"raw": 1}')


def test_facts_of_a_file_without_video_come_back(engine: Engine, video: int) -> None:
    known = MediaFacts(container="mp4", size=Bytes(1), duration=None, bitrate=None, video=None)

    with database.session(engine) as session:
        facts.record(session, video, known, document="")

    with database.session(engine) as session:
        assert facts.of(session, video) == known


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(known=st.from_type(MediaFacts).filter(lambda known: known.duration == known.duration))  # not NaN
def test_any_facts_survive_their_document(known: MediaFacts) -> None:
    document = facts.document(known)

    assert document.isascii()
    assert facts.from_document(document) == known


def test_what_was_never_recorded_is_a_named_conflict(engine: Engine, video: int) -> None:
    for read in (facts.of, plans.encode_plan, searches.newest, encodes.newest):
        with database.session(engine) as session, pytest.raises(StateConflict, match=f"ideo {video}"):
            read(session, video)


def test_a_plan_comes_back_with_its_reasons(engine: Engine, video: int) -> None:
    films.learn(engine, video)

    with database.session(engine) as session:
        assert plans.encode_plan(session, video) == films.PLAN
        assert plans.sentences(session, video) == ("because", "so it is")


def test_a_film_left_alone_has_no_encode_plan(engine: Engine, video: int) -> None:
    left = LeftAlone(reason=LeaveReason.ALREADY_AV1, text="It is AV1 already.")
    with database.session(engine) as session:
        plans.record(
            session,
            video,
            policy_digest="d",
            action="leave",
            reason="already_av1",
            text=left.text,
            document=documents.decision_json(left),
        )

    with database.session(engine) as session, pytest.raises(StateConflict, match="It is AV1 already"):
        plans.encode_plan(session, video)


def record_probe(engine: Engine, video_id: int, probe: Probe, key: str = "k") -> None:
    with database.session(engine) as session:
        searches.record_probe(
            session,
            video_id,
            probe,
            search_key=key,
            video=VideoPlan(preset=6),
            target=VmafScore(95.0),
            engine="native",
            build="b",
        )


def test_probes_come_back_for_their_key_and_each_crf_once(engine: Engine, video: int) -> None:
    window = WindowScore(
        start_pts=-5, end_pts=10, frames=Frames(3), mean=VmafScore(94.0), lowest_2s=VmafScore(90.5), size=Bytes(2**33)
    )
    full = replace(films.PROBE, windows=(window, replace(window, start_pts=10)))
    record_probe(engine, video, films.PROBE)
    record_probe(engine, video, full)
    record_probe(engine, video, replace(films.PROBE, crf=Crf(20.0), p5=None))
    record_probe(engine, video, replace(films.PROBE, crf=Crf(40.0)), key="another build")

    with database.session(engine) as session:
        known = searches.known_probes(session, "k", preset=6)
        assert len(session.exec(select(VmafProbe)).all()) == 3

    assert known == (replace(films.PROBE, crf=Crf(20.0), p5=None), full)


def test_pilots_and_proxies_are_kept_beside_probes_of_the_same_crf(engine: Engine, video: int) -> None:
    pilot = replace(films.PROBE, pilot=True)
    proxy = replace(films.PROBE, pilot=True, preset=8)
    for probe in (films.PROBE, pilot, proxy, proxy):
        record_probe(engine, video, probe)

    with database.session(engine) as session:
        assert set(searches.known_probes(session, "k", preset=6)) == {films.PROBE, pilot, proxy}
        assert {probe.preset for probe in searches.known_probes(session, "k", preset=8)} == {6, None}


def test_the_newest_search_and_encode_count(engine: Engine, video: int) -> None:
    films.learn(engine, video, crf=20.0)
    films.learn(engine, video, crf=33.75)

    with database.session(engine) as session:
        assert searches.newest(session, video).crf == 33.75
        assert encodes.newest(session, video).id == max(row.id or 0 for row in session.exec(select(Encode)).all())


def test_an_encode_takes_its_verdict_and_its_place(engine: Engine, video: int) -> None:
    films.learn(engine, video)
    with database.session(engine) as session:
        encode = encodes.newest(session, video)

    with database.session(engine) as session:
        encodes.record_verdict(session, encode, before=["a", "b"], after=["a"], differences=["b is missing"])
        encodes.in_place(session, video, Path("/films/a.mkv"))

    with database.session(engine) as session:
        row = encodes.newest(session, video)
    assert (json.loads(row.streams_before), json.loads(row.streams_after)) == (["a", "b"], ["a"])
    assert (row.verdict, row.result_path) == ("b is missing", Path("/films/a.mkv"))

    with database.session(engine) as session:
        encodes.record_verdict(session, encode, before=[], after=[], differences=[])
        assert encodes.newest(session, video).verdict == encodes.PROVEN


def test_forecasts_learn_from_finished_encodes(engine: Engine, video: int) -> None:
    films.learn(engine, video)

    with database.session(engine) as session:
        assert encodes.bits_per_pixel(session) == (400 * 8 / (1920 * 1080 * 100),)


def failed(engine: Engine) -> list[Failure]:
    with database.session(engine) as session:
        return list(session.exec(select(Failure)).all())


def test_a_failure_keeps_what_the_error_knows(engine: Engine, video: int) -> None:
    name = os.fsdecode(b"/films/\xff.mkv")
    error = EmptyFile(f"{name} is empty.", path=Path(name), advice="Delete it.")

    with database.session(engine) as session:
        failures.record(session, video, error, context={"path": Path(name), "lines": ["a\x00b"]}, attempt=3)

    (row,) = failed(engine)
    assert (row.stage, row.category, row.code) == ("analysis", "unreadable_media", "empty_file")
    assert (row.message, row.advice, row.attempt) == ("/films/\\xff.mkv is empty.", "Delete it.", 3)
    assert json.loads(row.context) == {"path": name, "lines": ["a\x00b"]}


def test_a_failed_proof_keeps_its_differences(engine: Engine, video: int) -> None:
    error = ProofError("Not the same film:", differences=("2 frames are missing", "audio 1 is mute"))

    with database.session(engine) as session:
        failures.record(session, video, error, stage=Stage.SWAP)

    (row,) = failed(engine)
    assert (row.stage, row.message) == ("swap", "Not the same film: 2 frames are missing; audio 1 is mute")


def test_an_error_nobody_foresaw_is_kept_under_its_name(engine: Engine, video: int) -> None:
    with database.session(engine) as session:
        failures.record(session, video, ZeroDivisionError("division by zero"), stage=Stage.ENCODE)

    (row,) = failed(engine)
    assert (row.stage, row.category, row.code) == ("encode", "unknown", "unknown")
    assert row.message == "ZeroDivisionError: division by zero"


def test_success_resolves_the_failures_of_its_stage_only(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    video, other = make_videos(2)
    with database.session(engine) as session:
        for video_id, stage in ((video, Stage.ANALYSIS), (video, Stage.ENCODE), (other, Stage.ANALYSIS)):
            failures.record(session, video_id, FileUnreadable("busy"), stage=stage)

    with database.session(engine) as session:
        assert failures.resolve(session, video, Stage.ANALYSIS) == 1
        assert failures.resolve(session, video, Stage.ANALYSIS) == 0

    still_open = {(row.video_id, row.stage) for row in failed(engine) if row.resolved_at is None}
    assert still_open == {(video, "encode"), (other, "analysis")}
    with database.session(engine) as session:
        assert failures.resolve(session, video) == 1


def test_a_job_is_one_attempt_and_says_how_it_ended(engine: Engine, video: int) -> None:
    with database.session(engine) as session:
        jobs.start(session, video, "encode", attempt=1, worker="w", flow_run="run")
        jobs.start(session, video, "encode", attempt=2, worker="w")
    with database.session(engine) as session:
        jobs.end(session, video, "encode", attempt=1, outcome="failed")
        jobs.lose(session, [video])

    with database.session(engine) as session:
        ended = {job.attempt: (job.outcome, job.ended_at is not None) for job in session.exec(select(Job)).all()}
    assert ended == {1: ("failed", True), 2: ("lost", True)}

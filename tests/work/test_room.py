"""How much of the scratch folder's disk a job needs is known before it begins."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from reencodarr.errors import NoSpace
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.units import Bytes
from reencodarr.work import encoding, room
from reencodarr.work.bench import Bench
from reencodarr.work.orders import StagedSource
from reencodarr.work.staging import OnDisk
from tests.work import kit


def test_a_film_that_travels_and_an_encode_that_is_there_twice_are_counted(
    small_film: Path, fast_policy: Path, tmp_path: Path, ffmpeg: Path, poor_ffmpeg: Path
) -> None:
    terms = kit.encode_terms(small_film, fast_policy)
    near = kit.order(small_film, kit.local(small_film, tmp_path), terms)
    size = Bytes(small_film.stat().st_size)
    travelled = StagedSource(size=size, sha256="", suffix=".mkv", film="", sheet="", sheet_sha256="")
    own, pyavs = ffmpeg_tool.build(ffmpeg), ffmpeg_tool.build(poor_ffmpeg)

    once = room.needed(near, own)

    assert once == round(terms.facts.size * terms.plan.largest_ratio)
    assert room.needed(near, pyavs) == 2 * once
    assert room.needed(replace(near, source=travelled), pyavs) == size + 2 * once


def test_an_encode_by_pyav_does_not_begin_where_it_would_not_end(
    small_film: Path, fast_policy: Path, tmp_path: Path, poor_ffmpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = kit.encode_terms(small_film, fast_policy)
    source = kit.local(small_film, tmp_path / "results")
    order = kit.order(small_film, source, terms)
    build = ffmpeg_tool.build(poor_ffmpeg)
    room_for_one = room.needed(order, build) * 3 // 4
    # Of the disk itself other tests take and give back meanwhile.
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=room_for_one))
    bench = Bench(ffmpeg=poor_ffmpeg, build=build, scratch=tmp_path / "scratch", workers=1, reserve=Bytes(0))

    with pytest.raises(NoSpace):
        encoding.encode(order, terms, staging=OnDisk(source=source, name="x"), bench=bench)

    assert not list((tmp_path / "scratch").glob("reencodarr-*"))

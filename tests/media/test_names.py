"""Any name that the filesystem allows is read, and read alike."""

import os
import shutil
from pathlib import Path

import pytest

from reencodarr.errors import MediaError
from reencodarr.media import fingerprint, mediainfo, packets

NAMES = {
    "newline": b"first\nsecond.mp4",
    "tab and escape": b"a\tb\x1b[31m.mp4",
    "quotes": b'it\'s "quoted" `here`.mp4',
    "leading dash": b"-i.mp4",
    "option": b"--help",
    "emoji": "🎬 film 👩‍👩‍👧.mp4".encode(),
    "not UTF-8": b"caf\xe9 \xff\xfe.mp4",
    "spaces around": b" film .mp4 ",
    "ffmpeg's patterns": b"%03d*?[a]{b}.mp4",
    "protocol": b"concat:a|file:b.mp4",
    "address": b"http::example.org.mp4",
    "backslash": b"C:\\films\\x.mp4",
    "dollar": b"$HOME;$(reboot)&.mp4",
    "longest": b"x" * 251 + b".mp4",
    "hidden": b".mp4",
    "no extension": b"film",
    "another extension": b"film.txt",
    "right to left": "\u202efilm\u202c\u0301.mp4".encode(),
}


@pytest.fixture(params=NAMES.values(), ids=NAMES.keys())
def film(request: pytest.FixtureRequest, bikes: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(bikes, tmp_path / os.fsdecode(request.param)))


def test_a_film_of_any_name_is_read(film: Path, bikes: Path) -> None:
    assert mediainfo.read(film).facts == mediainfo.read(bikes).facts
    assert packets.index(film) == packets.index(bikes)
    assert fingerprint.fingerprint(film).sparse_hash == fingerprint.fingerprint(bikes).sparse_hash


def test_a_broken_film_of_any_name_is_a_named_failure_that_names_it(film: Path) -> None:
    film.write_bytes(b"no film\n")

    with pytest.raises(MediaError) as raised:
        mediainfo.read(film)

    assert raised.value.path == film
    assert str(film) in str(raised.value)


def test_a_film_in_a_folder_of_any_name_is_read(bikes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"-caf\xe9\n")
    folder.mkdir()
    shutil.copy(bikes, folder / "-x.mp4")
    monkeypatch.chdir(folder)

    assert mediainfo.read(Path("-x.mp4")).facts == mediainfo.read(bikes).facts
    assert packets.index(Path("-x.mp4")).frames == 250


def test_numbered_neighbours_are_not_joined(bikes: Path, tmp_path: Path) -> None:
    for number in range(3):
        shutil.copy(bikes, tmp_path / f"0000{number}.mp4")

    assert mediainfo.read(tmp_path / "00000.mp4").facts.duration == 10.0

"""Many files are read by one process, and whatever one of them does to it, the others are read."""

import logging
import os
import re
import shutil
from pathlib import Path

import psutil
import pymediainfo
import pytest

from reencodarr.errors import (
    DamagedSource,
    EmptyFile,
    FileUnreadable,
    NotAVideo,
    ProgramFailed,
    ProgramInterrupted,
    ProgramStalled,
    ReencodarrError,
)
from reencodarr.media import mediainfo, mediainfo_child, mediainfo_reader
from reencodarr.media.mediainfo import Probed
from reencodarr.units import Seconds
from tests.media.test_names import NAMES

PATIENT = Seconds(60.0)
LONGEST_ON_WINDOWS = 32_767


@pytest.fixture
def crasher(media: Path, tmp_path: Path) -> Path:
    """A real film with one byte changed, on which the library crashes."""
    version = re.search(r"v(\S+)", pymediainfo.MediaInfo._get_library()[0].MediaInfo_Option(None, "Info_Version", ""))
    if version is None or version[1] != "24.12":
        pytest.skip("this file is known to crash MediaInfo 24.12 only")
    content = bytearray((media / "audio_dts_hd_ma_71.mkv").read_bytes())
    content[205_952] = 0xFF
    film = tmp_path / "crasher.mkv"
    film.write_bytes(content)
    return film


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader that does what its files' names say; any other it reads."""
    program = tmp_path / "reader.py"
    program.write_text(
        "import os, signal, sys, time\n"
        f"sys.path.insert(0, {str(Path(mediainfo_reader.__file__).parent)!r})\n"
        "import mediainfo_reader\n"
        "read = mediainfo_reader.answer\n"
        "def answer(path):\n"
        "    name = os.path.basename(path)\n"
        "    if 'hang' in name: time.sleep(60)\n"
        "    if 'segfault' in name: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if 'killed' in name: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if 'half' in name: os.write(1, b'{\"document\": \"{'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if 'words' in name: os.write(1, b'a word of the library\\n17\\n')\n"
        "    if 'broken' in name: raise MemoryError\n"
        "    if 'leaves' in name: sys.exit(0)\n"
        "    return read(path)\n"
        "mediainfo_reader.answer = answer\n"
        "mediainfo_reader.main(sys.argv[1:])\n"
        "if 'last' in os.path.basename(sys.argv[-1]): os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setattr(mediainfo_reader, "__file__", str(program))
    return program


@pytest.fixture
def films(bikes: Path, tmp_path: Path) -> list[Path]:
    folder = tmp_path / "films"
    folder.mkdir()
    return [Path(shutil.copy(bikes, folder / f"{number}.mp4")) for number in range(4)]


def kinds(paths: list[Path], deadline: Seconds = PATIENT) -> list[type]:
    answers = list(mediainfo.read_many(paths, stall_deadline=deadline))
    assert [path for path, _ in answers] == paths
    for path, answer in answers:
        if isinstance(answer, ReencodarrError):
            assert answer.path == path
            assert str(path) in str(answer)
    return [type(answer) for _, answer in answers]


def named(film: Path, name: str) -> Path:
    return film.rename(film.with_name(name))


def test_whatever_one_file_is_the_others_are_read(films: list[Path], crasher: Path, tmp_path: Path) -> None:
    empty, text, folder = tmp_path / "empty.mkv", tmp_path / "text.mkv", tmp_path / "folder.mkv"
    empty.touch()
    text.write_text("just words\n")
    folder.mkdir()
    good = films[0]

    found = kinds([good, crasher, empty, films[1], text, tmp_path / "gone.mkv", folder, crasher, films[2]])

    assert found == [
        Probed, DamagedSource, EmptyFile, Probed, NotAVideo, FileUnreadable, FileUnreadable, DamagedSource, Probed,
    ]  # fmt: skip


def test_files_read_together_have_the_same_facts_as_alone(media: Path) -> None:
    films = [path for path in sorted(media.glob("h264*")) if path.is_file()][:8]

    together = dict(mediainfo.read_many(films))

    assert together == {film: mediainfo.read(film) for film in films}


def test_files_of_any_names_are_read_together(bikes: Path, tmp_path: Path) -> None:
    films = [Path(shutil.copy(bikes, tmp_path / os.fsdecode(name))) for name in NAMES.values()]

    assert kinds(films) == [Probed] * len(films)


def test_more_names_than_a_command_line_holds_everywhere_are_read_by_several_processes(
    bikes: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / ("x" * 200) / ("y" * 200) / ("z" * 200)
    folder.mkdir(parents=True)
    films = [folder / f"{'f' * 200}{number}.mp4" for number in range(mediainfo_child._LONGEST_NAMES // 800 + 2)]
    for film in films:
        film.symlink_to(bikes)

    assert kinds(films) == [Probed] * len(films)
    commands = [record.getMessage() for record in caplog.records if record.getMessage().startswith("running")]
    assert len(commands) == 2
    assert max(map(len, commands)) < LONGEST_ON_WINDOWS


def test_nothing_to_read_starts_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    assert list(mediainfo.read_many([])) == []
    assert "running" not in caplog.text


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("segfault", DamagedSource),
        ("killed", ProgramInterrupted),
        ("half", ProgramInterrupted),
        ("broken", ProgramFailed),
        ("words", Probed),
    ],
)
def test_an_end_of_the_process_is_the_fault_of_the_file_that_it_read(
    films: list[Path], name: str, expected: type
) -> None:
    films[1] = named(films[1], f"{name}.mp4")

    assert kinds(films) == [Probed, expected, Probed, Probed]


def test_answers_are_not_held_back_in_a_process_that_crashes(
    films: list[Path], crasher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)

    assert kinds([*films[:3], crasher]) == [Probed, Probed, Probed, DamagedSource]


@pytest.mark.usefixtures("reader")
def test_a_process_that_ends_without_a_word_is_a_failure_of_one_file(films: list[Path]) -> None:
    films[1] = named(films[1], "leaves.mp4")

    found = dict(mediainfo.read_many(films))

    assert "without a word" in str(found[films[1]])
    assert [type(answer) for answer in found.values()].count(Probed) == 3


@pytest.mark.usefixtures("reader")
def test_a_crash_after_the_last_answer_costs_nothing(films: list[Path], caplog: pytest.LogCaptureFixture) -> None:
    films[3] = named(films[3], "last.mp4")

    assert kinds(films) == [Probed] * 4
    assert "after its last answer" in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("reader")
def test_a_hang_ends_that_file_only(films: list[Path]) -> None:
    films[1] = named(films[1], "hang.mp4")
    films[2] = named(films[2], "another hang.mp4")

    found = kinds(films, Seconds(6.0))

    assert found == [Probed, ProgramStalled, ProgramStalled, Probed]


@pytest.mark.usefixtures("reader")
def test_an_answer_is_there_before_the_next_file_is_read_and_closing_ends_the_process(films: list[Path]) -> None:
    films[1] = named(films[1], "hang.mp4")
    before = set(psutil.Process().children())
    answers = mediainfo.read_many(films)
    _, first = next(answers)
    started = set(psutil.Process().children()) - before

    answers.close()

    assert isinstance(first, Probed)
    assert len(started) == 1
    assert not any(process.is_running() for process in started)


@pytest.mark.usefixtures("reader")
def test_a_failure_names_the_command_for_its_file_alone(films: list[Path]) -> None:
    films[2] = named(films[2], "broken.mp4")

    failure = dict(mediainfo.read_many(films))[films[2]]

    assert isinstance(failure, ProgramFailed)
    assert failure.command.endswith("broken.mp4")
    assert films[0].name not in failure.command.split("/")
    assert "MemoryError" in failure.stderr

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reencodarr.transfer.journals import Journal, UploadJournal
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes

PARTS = [Part(number=number, etag=f'"{number:032x}"', size=Bytes(7)) for number in (2, 1, 5)]


def test_parts_are_kept_beyond_the_end_of_a_process(tmp_path: Path) -> None:
    journal = UploadJournal(tmp_path / "parts", "upload 1")

    for part in PARTS:
        journal.note(part)

    assert UploadJournal(tmp_path / "parts", "upload 1").done == {part.number: part.etag for part in PARTS}


def test_parts_of_another_upload_are_not_believed(tmp_path: Path) -> None:
    UploadJournal(tmp_path / "parts", "upload 1").note(PARTS[0])

    other = UploadJournal(tmp_path / "parts", "upload 2")

    assert not other.done
    other.note(PARTS[1])
    assert list(UploadJournal(tmp_path / "parts", "upload 2").done) == [1]


def test_what_is_discarded_is_forgotten(tmp_path: Path) -> None:
    journal = UploadJournal(tmp_path / "parts", "upload 1")
    journal.note(PARTS[0])

    journal.discard()
    journal.discard()

    assert not journal.done
    assert not list(tmp_path.iterdir())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(end=st.integers(0, 200))
def test_a_journal_cut_anywhere_tells_what_was_whole(end: int, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, "it")
    journal.rewrite([])
    for number in range(40):
        journal.note(number)
    path.write_bytes(path.read_bytes()[:end])

    told = list(Journal(path, "it").lines())

    assert told == list(range(len(told)))
    assert len(told) == max(0, path.read_bytes().count(b"\n") - 1)

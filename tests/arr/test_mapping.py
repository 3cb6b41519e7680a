"""Their paths become ours, and ours theirs, on whatever host they live."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.arr import mapping
from reencodarr.arr.mapping import Mapping

TV = Mapping(theirs="/tv", ours=Path("/mnt/nas/tv"))
ANIME = Mapping(theirs="/tv/anime/", ours=Path("/mnt/fast/anime"))
DRIVE = Mapping(theirs="D:\\Media\\TV\\", ours=Path("/mnt/d/tv"))
SHARE = Mapping(theirs="\\\\NAS\\films", ours=Path("/mnt/films"))

_NAMES = st.lists(
    st.text(st.characters(exclude_characters="/\\\0", exclude_categories=("Cs",)), min_size=1, max_size=12).filter(
        lambda name: name not in {".", ".."}
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("/tv/Show/a.mkv", "/mnt/nas/tv/Show/a.mkv"),
        ("/tv//Show/./a.mkv", "/mnt/nas/tv/Show/a.mkv"),
        ("/tv/anime/Ghost/ä.mkv", "/mnt/fast/anime/Ghost/ä.mkv"),
        ("/tv", "/mnt/nas/tv"),
        ("/tv/", "/mnt/nas/tv"),
        ("/tv/back\\slash.mkv", "/mnt/nas/tv/back\\slash.mkv"),
        ("/tv2/Show/a.mkv", None),
        ("/TV/Show/a.mkv", None),
        ("/tv/../etc/passwd", None),
        ("tv/Show/a.mkv", None),
        ("", None),
        ("D:\\Media\\TV\\Show\\a.mkv", "/mnt/d/tv/Show/a.mkv"),
        ("d:\\media\\tv\\Show\\a.mkv", "/mnt/d/tv/Show/a.mkv"),
        ("D:/Media/TV/Show/a.mkv", "/mnt/d/tv/Show/a.mkv"),
        ("\\\\?\\D:\\Media\\TV\\Show\\a.mkv", "/mnt/d/tv/Show/a.mkv"),
        ("E:\\Media\\TV\\Show\\a.mkv", None),
        ("D:\\Media\\TVs\\a.mkv", None),
        ("D:\\Media\\TV\\..\\..\\a.mkv", None),
        ("D:relative.mkv", None),
        ("\\\\nas\\Films\\Film (1999)\\film.mkv", "/mnt/films/Film (1999)/film.mkv"),
        ("\\\\?\\UNC\\nas\\films\\film.mkv", "/mnt/films/film.mkv"),
        ("\\\\nas\\other\\film.mkv", None),
        ("\\\\nas", None),
    ],
)
def test_a_path_of_theirs_is_found_here(theirs: str, ours: str | None) -> None:
    for order in ([TV, ANIME, DRIVE, SHARE], [SHARE, DRIVE, ANIME, TV]):
        assert mapping.to_ours(theirs, order) == (Path(ours) if ours else None)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("/mnt/nas/tv/Show/a.mkv", "/tv/Show/a.mkv"),
        ("/mnt/fast/anime/Ghost/ä.mkv", "/tv/anime/Ghost/ä.mkv"),
        ("/mnt/d/tv/Show/a.mkv", "D:\\Media\\TV\\Show\\a.mkv"),
        ("/mnt/films/f.mkv", "\\\\NAS\\films\\f.mkv"),
        ("/mnt/d/tv", "D:\\Media\\TV\\"),
        ("/mnt/elsewhere/a.mkv", None),
        ("relative.mkv", None),
    ],
)
def test_a_path_of_ours_is_said_in_their_words(ours: str, theirs: str | None) -> None:
    assert mapping.to_theirs(Path(ours), [TV, ANIME, DRIVE, SHARE]) == theirs


def test_without_mappings_their_paths_are_ours() -> None:
    assert mapping.to_ours("/tv/Show/a.mkv", []) == Path("/tv/Show/a.mkv")
    assert mapping.to_ours("D:\\tv\\a.mkv", []) is None
    assert mapping.to_ours("/tv/../a.mkv", []) is None
    assert mapping.to_theirs(Path("/tv/Show/a.mkv"), []) == "/tv/Show/a.mkv"


def test_their_root_can_be_mapped() -> None:
    whole = [Mapping(theirs="/", ours=Path("/nas")), Mapping(theirs="C:\\", ours=Path("/c"))]

    assert mapping.to_ours("/tv/a.mkv", whole) == Path("/nas/tv/a.mkv")
    assert mapping.to_ours("c:\\tv\\a.mkv", whole) == Path("/c/tv/a.mkv")
    assert mapping.to_theirs(Path("/nas/tv/a.mkv"), whole) == "/tv/a.mkv"
    assert mapping.to_theirs(Path("/c/tv/a.mkv"), whole) == "C:\\tv\\a.mkv"


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/tv/Show/a.mkv", "/tv/Show"),
        ("/a.mkv", "/"),
        ("D:\\tv\\a.mkv", "D:\\tv"),
        ("D:\\a.mkv", "D:\\"),
        ("\\\\nas\\tv\\a.mkv", "\\\\nas\\tv\\"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_missing_mapping_is_named_by_its_folder(path: str, folder: str) -> None:
    assert mapping.folder_of(path) == folder


@given(names=_NAMES, one=st.sampled_from([TV, ANIME, DRIVE, SHARE]))
def test_there_and_back_is_the_same_place(names: list[str], one: Mapping) -> None:
    ours = one.ours.joinpath(*names)

    theirs = mapping.to_theirs(ours, [TV, ANIME, DRIVE, SHARE])

    assert theirs is not None
    assert mapping.to_ours(theirs, [TV, ANIME, DRIVE, SHARE]) == ours


@given(path=st.text(max_size=40))
def test_nothing_leads_out_of_what_is_mapped(path: str) -> None:
    for start in ("", "/tv/", "D:\\Media\\TV\\", "\\\\NAS\\films\\"):
        found = mapping.to_ours(start + path, [TV, DRIVE, SHARE])

        if found is not None:
            assert ".." not in found.parts
            assert any(found.is_relative_to(one.ours) for one in (TV, DRIVE, SHARE))

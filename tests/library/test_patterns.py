"""What a pattern matches; the cases of shells' globstar, and no regard to case."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.library import patterns


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.mkv", "a.mkv", True),
        ("*.mkv", "tv/a.mkv", False),
        ("*.mkv", "A.MKV", True),
        ("**/*.mkv", "a.mkv", True),
        ("**/*.mkv", "tv/show/a.mkv", True),
        ("**/extras", "Extras", True),
        ("**/extras", "tv/Show/Extras", True),
        ("**/extras", "tv/No Extras", False),
        ("tv/**", "tv/show/a.mkv", True),
        ("tv/**", "tvs/a.mkv", False),
        ("tv/**/a.mkv", "tv/a.mkv", True),
        ("tv/**/a.mkv", "tv/1/2/a.mkv", True),
        ("a?.mkv", "ab.mkv", True),
        ("a?.mkv", "a/.mkv", False),
        ("[a-c].mkv", "b.mkv", True),
        ("[!a-c].mkv", "b.mkv", False),
        ("[!a-c].mkv", "d.mkv", True),
        ("[!a]x", "/x", False),
        ("film [1].mkv", "film 1.mkv", True),
        ("film [.mkv", "film [.mkv", True),
        ("[z-a].mkv", "[z-a].mkv", True),
        ("/tv/", "tv", True),
        ("a.b", "axb", False),
        ("*", "line\nbreak.mkv", True),
        ("*ÄÖ*", "xäöx", True),
        ("", "anything", False),
    ],
)
def test_patterns_match_as_documented(pattern: str, path: str, matches: bool) -> None:
    assert patterns.compiled([pattern]).match(path) is matches


def test_a_pattern_that_matches_a_folder_leaves_out_all_below_it() -> None:
    chosen = patterns.compiled(["**/Extras", "samples/*"])

    assert chosen.leave_out(PurePosixPath("tv/show/extras/behind/a.mkv"))
    assert chosen.leave_out(PurePosixPath("samples/1/a.mkv"))
    assert not chosen.leave_out(PurePosixPath("tv/show/a.mkv"))


@given(st.text())
def test_any_text_is_a_pattern(pattern: str) -> None:
    patterns.compiled([pattern]).match("tv/a.mkv")


@given(st.text(st.characters(exclude_characters="*?[", exclude_categories=["Cs"]), min_size=1))
def test_a_pattern_without_wildcards_matches_itself(text: str) -> None:
    assert re.fullmatch(patterns.expression(text), text)

"""Lists are read element by element, wherever the pieces that they come in are cut."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.arr.elements import NotAList, elements

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_LISTS = st.lists(st.dictionaries(st.text(), _VALUES, max_size=4), max_size=5)


@settings(max_examples=50, deadline=None)
@given(wanted=_LISTS, size=st.integers(1, 40), indent=st.sampled_from([None, 2]), plain=st.booleans())
def test_a_list_is_the_same_however_it_is_cut(
    wanted: list[dict[str, object]], size: int, indent: int | None, plain: bool
) -> None:
    text = json.dumps(wanted, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")

    found = list(elements(text[at : at + size] for at in range(0, len(text), size)))

    assert found == json.loads(text.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "text", ["", "   ", "{}", "<html>", "null", "[1]", "[[]]", '["a"]', "[", '[{"id": 1}', '[{"id": 1}, {"id"', "[{]"]
)
def test_what_is_no_whole_list_of_objects_is_refused(text: str) -> None:
    with pytest.raises(NotAList):
        list(elements([text.encode()]))


def test_a_byte_order_mark_means_nothing() -> None:
    assert list(elements([b'\xef\xbb\xbf[{"id": 1}]'])) == [{"id": 1}]


def test_a_long_list_takes_no_more_memory_than_a_short_one() -> None:
    entry = json.dumps({"id": 1, "overview": "x" * 10_000}).encode()

    def pieces(times: int) -> Iterator[bytes]:
        yield b"["
        for _ in range(times - 1):
            yield entry + b","
        yield entry + b"]"

    def peak(times: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in elements(pieces(times))) == times
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(1000) < peak(10) + 50_000

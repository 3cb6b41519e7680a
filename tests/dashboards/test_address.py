import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import address
from reencodarr.library.reading import Query, Sort
from reencodarr.library.states import State

QUERIES = st.builds(
    Query,
    text=st.text(max_size=10),
    state=st.lists(st.sampled_from(State), unique=True, max_size=4).map(tuple),
    reason=st.sampled_from(["", "already_av1", "damaged_source"]),
    library=st.none() | st.integers(1, 2**31 - 1),
    sort=st.sampled_from(Sort),
    number=st.integers(1, 2**31 - 1),
)


@given(query=QUERIES)
def test_a_link_brings_back_the_list_it_was_made_from(query: Query) -> None:
    assert address.query(address.parameters(query)) == query


def test_the_plain_list_has_a_plain_address() -> None:
    assert address.parameters(Query()) == {}


@pytest.mark.parametrize("wrong", ["", "x", "-1", "0", "1.5", "9" * 5000, "²", "١"])
def test_wrong_values_in_a_link_are_ignored(wrong: str) -> None:
    names = ("state", "library", "sort", "page", "video")

    assert address.query({name: [wrong] for name in names}) == Query()
    assert address.video({"video": [wrong]}) is None


def test_a_link_names_a_video() -> None:
    assert address.video({"video": ["12"]}) == 12

"""The contract of `reencodarr search --json` and its page are one, field by field."""

import re
from pathlib import Path
from typing import Any

import pytest

from reencodarr.cli import exits, search_document
from reencodarr.cli.search_document import failed
from reencodarr.errors import FileUnreadable
from reencodarr.media.facts import Hdr
from reencodarr.quality.prior import Origin
from tests.cli import search_contract

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
CONTRACT = PAGE.partition("## The JSON document")[2]


def rows(head: str) -> dict[str, str]:
    """The table with these words in its first column's head: what is said of each field."""
    table = CONTRACT.partition(f"| {head} |")[2].partition("\n\n")[0]
    cells = [line.strip("|").split("|", 1) for line in table.splitlines()[2:]]
    said = {}
    for names, words in cells:
        said.update({name: words.strip() for name in re.findall(r"`(\w+)`", names)})
    return said


PARTS = {"film": search_contract.FILM, "target": search_contract.TARGET, "prior": search_contract.PRIOR}
"""Objects that have no table of their own."""


@pytest.mark.parametrize(
    ("head", "schema"),
    [
        ("field", search_contract.FOUND),
        ("field of `search`", search_contract.SEARCH),
        ("field of each of `probes`", search_contract.PROBE),
        ("field of `result`", search_contract.RESULT),
    ],
)
def test_each_table_of_the_page_has_the_fields_of_its_object_and_no_others(head: str, schema: dict[str, Any]) -> None:
    assert set(rows(head)) == set(schema["properties"])


@pytest.mark.parametrize("field", PARTS)
def test_objects_within_are_told_with_all_their_fields(field: str) -> None:
    words = {**rows("field"), **rows("field of `search`")}[field]

    assert set(PARTS[field]["properties"]) <= set(re.findall(r"`(\w+)`", words))


@pytest.mark.parametrize(
    ("head", "schema"),
    [
        ("field of `search`", search_contract.SEARCH),
        ("field of each of `probes`", search_contract.PROBE),
        ("field of `result`", search_contract.RESULT),
    ],
)
def test_the_page_says_of_every_field_that_may_be_null_that_it_may(head: str, schema: dict[str, Any]) -> None:
    nullable = {name for name, one in schema["properties"].items() if "null" in str(one.get("type"))}

    said = {name for name, words in rows(head).items() if re.search(r"\bnull\b", words) and "never null" not in words}

    assert said - set(PARTS) == nullable


def test_the_page_names_every_value_of_what_has_but_a_few() -> None:
    assert all(f"`{one.value}`" in rows("field")["film"] for one in Hdr)
    assert all(f"`{one.value}`" in rows("field of `search`")["prior"] for one in Origin)
    assert f"`schema`, which is {search_document.SCHEMA}, rises" in CONTRACT


def test_the_page_tells_the_fields_of_a_failure(tmp_path: Path) -> None:
    words = CONTRACT.partition("A search that could not be done or broke")[2].partition("\n\n")[0]
    document = failed(tmp_path / "film.mkv", FileUnreadable("It is not there.", path=tmp_path))

    assert {*document, *document["film"], *document["error"]} <= set(re.findall(r"`(\w+)`", words))
    assert set(document["error"]) == set(search_contract.ERROR["properties"])


def test_the_page_has_the_exit_codes_of_the_program() -> None:
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", CONTRACT, re.MULTILINE)]

    assert codes == [exits.DONE, exits.SOME_FAILED, exits.CANNOT_WORK, exits.INTERRUPTED]

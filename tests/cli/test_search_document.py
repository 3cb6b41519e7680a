"""The contract of `reencodarr search --json` and its page are one."""

from pathlib import Path

from tests.cli import search_contract

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "search.md"


def test_the_page_of_the_contract_names_every_field() -> None:
    page = DOCUMENTATION.read_text(encoding="utf-8")
    parts = (search_contract.FOUND, search_contract.FAILED, search_contract.FILM, search_contract.SEARCH)
    more = (search_contract.TARGET, search_contract.PRIOR, search_contract.PROBE, search_contract.RESULT)

    missing = {
        name
        for part in (*parts, *more, search_contract.ERROR)
        for name in part["properties"]
        if f"`{name}`" not in page
    }

    assert not missing

"""A worker's token is one line of text, and nothing but that."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.errors import SettingsError
from reencodarr.work import token as tokens
from reencodarr.work.token import Token

TOKEN = Token(name="attic", secret="s3cret-äß", pool="linux", server="https://media:4200", certificate="-----BEGIN\n")


def test_a_token_comes_back_as_it_was_and_is_one_word() -> None:
    text = tokens.to_text(TOKEN)

    assert tokens.from_text(f" {text}\n") == TOKEN
    assert text.split() == [text]


@given(st.text(max_size=200))
def test_other_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        tokens.from_text(text)

    assert len(text) < 12 or text not in str(refused.value)


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_token_that_was_not_copied_whole_is_refused(cut: int) -> None:
    with pytest.raises(SettingsError):
        tokens.from_text(tokens.to_text(TOKEN)[:-cut])


def test_the_secret_is_not_shown_by_accident() -> None:
    assert TOKEN.secret not in repr(TOKEN)


def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing here"):
        tokens.from_file(tmp_path / "nothing here")

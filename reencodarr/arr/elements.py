"""A JSON list read one element at a time, so that a list of a hundred thousand takes no more memory than one of ten."""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

from reencodarr.units import MIB

_LARGEST = 32 * MIB
"""Characters of one element; none of theirs comes near it."""
_BETWEEN = " \t\r\n,"


class NotAList(ValueError):
    """Raised when the text is no JSON list of objects, or ends in the middle."""


def elements(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a list.

    Raises NotAList, maybe after some elements.
    """
    text = codecs.getincrementaldecoder("utf-8-sig")("replace")
    decoder = json.JSONDecoder()
    rest, opened = "", False
    for chunk in chunks:
        rest = rest + text.decode(chunk)
        if not opened:
            rest = rest.lstrip()
            if not rest:
                continue
            if rest[0] != "[":
                raise NotAList("it does not begin as a list")
            rest, opened = rest[1:], True
        found, rest, ended = _complete(decoder, rest)
        yield from found
        if ended:
            return
        if len(rest) > _LARGEST:
            raise NotAList("an element of it does not end")
    raise NotAList("it ends in the middle")


def _complete(decoder: json.JSONDecoder, text: str) -> tuple[list[dict[str, Any]], str, bool]:
    """The elements that are complete in `text`, what is left of it, and whether the list ended."""
    found: list[dict[str, Any]] = []
    at = 0
    while True:
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
        if at == len(text):
            return found, "", False
        if text[at] == "]":
            return found, "", True
        if text[at] != "{":
            raise NotAList("an element of it is no object")
        try:
            element, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            return found, text[at:], False
        except (ValueError, RecursionError) as error:  # A number of thousands of digits; brackets without end.
            raise NotAList("an element of it cannot be read") from error
        found.append(element)

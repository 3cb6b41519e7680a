"""What ffmpeg's error lines say about a source. Pure.

`-xerror` alone is not enough: a truncated Matroska file, or one with a hole, ends an encode with exit code 0 and one
line on standard error (measured). What a decoder merely remarks on is told from what cost a picture.
"""

import re

# «[in#0/matroska,webm @ 0x55] File ended prematurely», «[vist#0:0/h264 @ 0x5] [dec:h264 @ 0x5] corrupt decoded frame».
_LINE = re.compile(r"^\[(?P<context>[^\] ]+)(?: @ 0x[0-9a-f]+)?\] (?P<words>.*)$")

# Remarks on streams that decode to the last picture all the same, or on what no picture or sound depends on.
_HARMLESS = (
    "A non-intra slice in an IDR NAL unit",
    "mmco: unref short failure",
    "number of reference frames",
    "co located POCs unavailable",
    "Referenced QT chapter track not found",
    "SEI type",
    "Last message repeated",
)

_BACKWARDS = "Non-monotonic DTS"


def about_source(stderr: str, *, decoders: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of ffmpeg's standard error that tell of damage in its source, without their contexts.

    Lines of the demuxer, of ffmpeg's decoding steps, of the named decoders (the video's) and about timestamps that run
    backwards. Remarks of other decoders are left out: ffmpeg lets each of them have a look before it begins, and what
    `-xerror` lets pass afterwards cost no sound.
    """
    found = (_LINE.match(line) for line in stderr.splitlines())
    return tuple(match["words"] for match in found if match and _tells(match["context"], match["words"], decoders))


def _tells(context: str, words: str, decoders: tuple[str, ...]) -> bool:
    if any(harmless in words for harmless in _HARMLESS):
        return False
    decoding = words.startswith("[dec:") or context in decoders or context.startswith("dec:")
    return context.startswith("in#") or decoding or _BACKWARDS in words

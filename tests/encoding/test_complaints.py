"""What ffmpeg's error lines mean, with lines that ffmpeg 9.0 really wrote about real and damaged films."""

import pytest

from reencodarr.encoding import complaints

H264 = ("h264",)


@pytest.mark.parametrize(
    "line",
    [
        "[in#0/matroska,webm @ 0x55b8694818c0] File ended prematurely",
        "[in#0/matroska,webm @ 0x555996e2e8c0] Element at 0x19dd3e ending at 0x1a13d7 exceeds containing element",
        "[h264 @ 0x561ef4cbbc40] error while decoding MB 0 12, bytestream 4329",
        "[vist#0:0/h264 @ 0x561ef4c30640] [dec:h264 @ 0x561ef4cc2880] corrupt decoded frame",
        "[aist#0:1/mp3 @ 0x56] [dec:mp3float @ 0x561b5b81d8c0] Error submitting packet to decoder: Invalid data found",
        "[vost#0:0/libsvtav1 @ 0x55c9834c8b40] Non-monotonic DTS; previous: 28440, current: 28400; Error submitting",
    ],
)
def test_damage_is_told(line: str) -> None:
    assert len(complaints.about_source(line, decoders=H264)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "[h264 @ 0x563f67cc48c0] A non-intra slice in an IDR NAL unit.",
        "[mp3float @ 0x564191114940] Header missing",
        "[aac @ 0x55e1a387ccc0] Input buffer exhausted before END element found",
        "Svt[error]: something about the encoder",
        "[out#0/matroska @ 0x55764353a0c0] Error writing trailer: No space left on device",
        "    Last message repeated 1 times",
        "",
    ],
)
def test_remarks_are_passed_over(line: str) -> None:
    assert complaints.about_source(line, decoders=H264) == ()


def test_lines_come_without_their_contexts_and_in_order() -> None:
    stderr = (
        "[in#0/avi @ 0x5] corrupt input packet in stream 0\nsomething\n[h264 @ 0x6] missing picture in access unit\n"
    )

    told = complaints.about_source(stderr, decoders=H264)

    assert told == ("corrupt input packet in stream 0", "missing picture in access unit")

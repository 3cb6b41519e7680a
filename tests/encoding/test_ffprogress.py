"""ffmpeg's progress lines, with what a real run wrote."""

from reencodarr.encoding.ffprogress import Moment, Reader
from reencodarr.units import Bytes, Seconds

_REAL = """frame=124
fps=61.52
stream_0_0_q=35.0
bitrate=  51.2kbits/s
total_size=31744
out_time_us=4960000
out_time_ms=4960000
out_time=00:00:04.960000
dup_frames=0
drop_frames=0
speed=2.46x
progress=continue"""


def moments(text: str) -> list[Moment]:
    reader = Reader()
    return [moment for line in text.splitlines() if (moment := reader.line(line)) is not None]


def test_a_report_is_complete_with_its_last_line() -> None:
    assert moments(_REAL) == [Moment(frames=124, fps=61.52, size=Bytes(31744), time=Seconds(4.96), last=False)]
    assert moments(_REAL.rpartition("\n")[0]) == []


def test_the_report_at_the_end_is_marked() -> None:
    assert moments(_REAL.replace("continue", "end"))[0].last


def test_what_is_not_yet_known_is_none_or_nothing() -> None:
    found = moments("frame=0\nfps=0.00\ntotal_size=N/A\nout_time_us=N/A\nprogress=continue")

    assert found == [Moment(frames=0, fps=None, size=Bytes(0), time=None, last=False)]


def test_reports_do_not_mix() -> None:
    found = moments("frame=5\ntotal_size=10\nprogress=continue\nframe=6\nprogress=end")

    assert [(moment.frames, moment.size) for moment in found] == [(5, 10), (6, 0)]


def test_other_lines_are_passed_over() -> None:
    assert moments("hello\n\nprogress") == []

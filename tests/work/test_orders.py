"""Orders and results travel as JSON."""

import pytest

from reencodarr.errors import OrderUnreadable, Stage
from reencodarr.quality.engine import Probe, SearchResult
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes, Crf, Seconds, VmafScore
from reencodarr.work import orders
from reencodarr.work.orders import Delivery, Failed, HandedBack, Result, Searched

PROBE = Probe(crf=Crf(31.5), mean=VmafScore(95.1), p5=None, percent=41.0, seconds=Seconds(2.0), cpu_seconds=Seconds(3))
FOUND = SearchResult(
    crf=Crf(31.5),
    predicted=VmafScore(95.1),
    interval=VmafScore(0.2),
    percent=41.0,
    met=True,
    reason="",
    probes=(PROBE,),
    engine="native",
    build="ffmpeg-9",
)


@pytest.mark.parametrize(
    "outcome",
    [
        Searched(result=FOUND),
        HandedBack(words="the worker stops"),
        Failed(
            stage=Stage.ENCODE, category="program", code="program_failed", message="broke", context={"command": "x"}
        ),  # type: ignore[arg-type]
    ],
)
def test_a_result_comes_back_as_it_was(outcome: orders.Outcome) -> None:
    result = Result(job="ab", attempt=3, worker="attic", build="ffmpeg-9", outcome=outcome, bytes_down=Bytes(12))

    assert orders.result_from_json(orders.result_json(result)) == result


def test_a_delivery_keeps_its_parts() -> None:
    parts = (Part(number=1, etag='"a"', size=Bytes(5)), Part(number=2, etag='"b"', size=Bytes(1)))

    assert Delivery(size=Bytes(6), sha256="00", suffix=".mkv", parts=parts).parts[1].etag == '"b"'


def test_a_result_of_another_version_is_a_named_error() -> None:
    with pytest.raises(OrderUnreadable, match="same version"):
        orders.result_from_json('{"job": "ab", "attempt": 1}')

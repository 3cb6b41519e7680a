"""Our own description of the webhooks, thrown at them: whatever is sent gets an answer that is described there."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from reencodarr.api import webhooks
from reencodarr.arr.instance import Kind
from reencodarr.arr.registration import SECRET_HEADER
from reencodarr.stages.address import WEBHOOKS
from tests.api import hooked
from tests.api.hooked import PATHS, Hooked
from tests.library.conftest import sqlite_template  # noqa: F401

EXAMPLES = int(os.environ.get("REENCODARR_TEST_EXAMPLES", "0"))
"""Of each operation and kind, other ones each time. Without it a few, always the same."""
_FEW = 15


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Hooked]:  # noqa: F811
    with hooked.hooked(tmp_path_factory.mktemp("fuzz"), sqlite_template) as made:
        yield made


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_that_is_described(hooks: Hooked, kind: Kind, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_dict(webhooks.openapi(hooks.inner))
    described.app = hooks.app
    calls = described[f"{WEBHOOKS}/{kind.value}/{{instance}}"]["POST"].as_strategy(generation_mode=mode)
    answers: Counter[int] = Counter()

    @given(case=calls, known=st.booleans())
    @settings(
        max_examples=EXAMPLES or _FEW, derandomize=not EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck)
    )
    def fuzz(case: schemathesis.Case, known: bool) -> None:
        if known:
            case.path_parameters["instance"] = PATHS[kind].rpartition("/")[2]
        answers[case.call_and_validate(headers={SECRET_HEADER: hooked.SECRET}).status_code] += 1

    fuzz()

    assert answers[401]
    assert answers[204 if mode is GenerationMode.POSITIVE else 400]

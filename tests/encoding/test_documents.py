"""Decisions survive being stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding import documents, rules
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import Decision, EncodePlan, LeaveReason, LeftAlone
from reencodarr.errors import DecisionUnreadable
from tests.encoding import made_facts
from tests.encoding.made_facts import film

DEFAULT = policies.load(None)

left = st.builds(LeftAlone, reason=st.sampled_from(LeaveReason), text=st.text())
decisions = made_facts.films.map(lambda facts: rules.decide(facts, links=1, policy=DEFAULT))


@given(decision=decisions | left)
def test_a_decision_comes_back_as_it_was(decision: Decision) -> None:
    text = documents.decision_json(decision)

    assert documents.decision_from_json(text) == decision
    assert documents.decision_json(documents.decision_from_json(text)) == text


def test_a_decision_of_an_earlier_version_lacks_fields_that_have_defaults() -> None:
    decision = rules.decide(film(), links=1, policy=DEFAULT)
    document = json.loads(documents.decision_json(decision))
    del document["text"], document["dropped"]

    assert documents.decision_from_json(json.dumps(document)) == decision


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"reason": "nonsense", "text": ""}', '{"reason": "no_video"'])
def test_what_is_no_decision_is_refused(text: str) -> None:
    with pytest.raises(DecisionUnreadable, match="Analyse the film again"):
        documents.decision_from_json(text)


def test_equal_video_plans_are_equal_text() -> None:
    one, other = (rules.decide(film(width=width), links=1, policy=DEFAULT) for width in (1920, 1900))

    assert isinstance(one, EncodePlan)
    assert isinstance(other, EncodePlan)
    assert documents.video_plan_json(one.video) == documents.video_plan_json(other.video)

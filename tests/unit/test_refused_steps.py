"""A refused answer goes back to its courier, a refused decision to the platform, whole and with the reason."""

import json

from parcelward.cases.incoming import read
from parcelward.cases.life import Refused
from parcelward.cases.refusals import refused_send
from parcelward.contract.referrals import RefusedStepHeaders
from parcelward.contract.steps import ReferralState, StepReason
from parcelward.intake.decode import Limits
from parcelward.intake.refusal import Rejected
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import T0
from tests.lives import ANALYST

TOPICS = Topics("test.")
STALE = Refused(StepReason.STALE, "made on revision 2; what counts now is 3", ReferralState.ACKNOWLEDGED, 3, ANALYST)


def record(topic: str) -> Record:
    return Record(topic, 3, 81234, T0, b"SF1", b"{}", [("ce_id", b"1"), ("pw_reason", b"forged")])


def test_a_refused_decision_goes_to_the_platform_and_says_who_has_the_alert() -> None:
    sent = refused_send(record("test.decisions"), STALE, TOPICS)
    assert (sent.topic, sent.key, sent.value) == ("test.refused.decisions", b"SF1", b"{}")
    ours = {name: value.decode() for name, value in sent.headers if name.startswith("pw_")}
    headers = RefusedStepHeaders.model_validate_json(json.dumps(ours))
    assert (headers.pw_reason, headers.pw_state, headers.pw_revision) == ("stale", "acknowledged", "3")
    assert headers.pw_assigned_to == ANALYST
    assert ("ce_id", b"1") in sent.headers


def test_a_refused_answer_goes_to_its_courier_who_is_not_told_who_has_the_alert() -> None:
    sent = refused_send(record("test.answers.swift"), STALE, TOPICS)
    assert sent.topic == "test.rejected.swift"
    assert ANALYST.encode() not in b"".join(value for _, value in sent.headers)
    assert [value for name, value in sent.headers if name == "pw_reason"] == [b"stale"]


def test_an_answer_that_breaks_the_contract_goes_back_as_on_intake() -> None:
    broken = record("test.answers.swift")
    refused = read(broken, TOPICS, Limits())
    assert isinstance(refused, Rejected)
    sent = refused_send(broken, refused, TOPICS)
    assert sent.topic == "test.rejected.swift"
    assert ("pw_reason", refused.reason.value.encode()) in sent.headers

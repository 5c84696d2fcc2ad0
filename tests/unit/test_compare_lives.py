"""The comparison of lives while the live run goes on: what is still moving is no difference."""

import json

from parcelward.moments import utc
from parcelward.replay.compare import Comparison
from parcelward.replay.compare_lives import LifeLog, Passed, compare_lives
from parcelward.stage import Send
from parcelward.topics import Topics
from tests.builders import MINUTE, T0

TOPICS = Topics("")


def log_with(topic: str, *revisions: int, last_ms: int) -> LifeLog:
    log = LifeLog(TOPICS)
    for revision in revisions:
        at = last_ms - (max(revisions) - revision)
        body: dict[str, object] = {"case_id": "c", "alert_id": "c", "courier": "swift", "waybill": "SF1", "theme": "t"}
        body |= {"subject_kind": "outlet", "revision": revision, "state": "raised"}
        headers = [("ce_id", f"c:{revision}".encode()), ("ce_time", utc(at).isoformat().encode())]
        log.add(Send(topic, b"c", json.dumps(body).encode(), headers))
    return log


def differences(topic: str, age_ms: int, horizon_ms: int | None) -> int:
    result, last_ms = Comparison(), T0 - age_ms
    live, again = log_with(topic, 1, 2, last_ms=last_ms), log_with(topic, 1, last_ms=last_ms)
    compare_lives(result, live, again, passed=Passed(horizon_ms=horizon_ms))
    return len(result.differences)


def test_a_case_that_was_fed_just_now_is_not_compared_while_the_live_run_goes_on() -> None:
    assert differences(TOPICS.cases, MINUTE, T0) == 0
    assert differences(TOPICS.cases, 3 * MINUTE, T0) == 1
    assert differences(TOPICS.cases, MINUTE, None) == 1, "at rest everything is compared"


def test_an_alert_is_compared_up_to_the_first_record_that_waits() -> None:
    assert differences(TOPICS.referrals, MINUTE, T0) == 1
    assert differences(TOPICS.referrals, 0, T0) == 0

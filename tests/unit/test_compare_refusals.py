"""A letter that was stale in both runs is the same, if the live run took it in at a later revision; nothing else is."""

from parcelward.replay.compare import Comparison, RefusalLog, compare_refusals
from parcelward.stage import Send


def refused(revision: int, reason: str = "stale", value: bytes = b"{}") -> RefusalLog:
    headers = {
        "pw_reason": reason,
        "pw_detail": f"made on revision 1; what counts now is {revision}",
        "pw_topic": "decisions",
        "pw_partition": "0",
        "pw_offset": "301",
        "pw_rejected_at": "2026-11-30T03:22:05.227Z",
        "pw_state": "closed" if revision > 2 else "withdrawn",
        "pw_revision": str(revision),
    }
    log = RefusalLog()
    log.add(Send("refused.decisions", b"SF1", value, [(name, text.encode()) for name, text in headers.items()]))
    return log


def differences(live: RefusalLog, replayed: RefusalLog) -> int:
    result = Comparison()
    compare_refusals(result, live, replayed)
    return result.rejected.other_content


def test_a_deadline_that_a_quiet_topic_has_fired_before_is_no_difference() -> None:
    assert differences(refused(3), refused(2)) == 0
    assert differences(refused(2), refused(2)) == 0


def test_whatever_else_differs_is_a_difference() -> None:
    assert differences(refused(2), refused(3)) == 1
    assert differences(refused(3, "late"), refused(2, "late")) == 1
    assert differences(refused(3, "late"), refused(3)) == 1
    assert differences(refused(3), refused(2, value=b"[]")) == 1

"""The desk at a terminal: a courier reads and answers, an analyst sees and decides, and is told what counted."""

import json

from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.publisher import Instructions
from parcelward.settings import load_settings
from tests.patience import PATIENCE_S
from tests.system.events import inspection, real_name
from tests.system.service import await_true

ANALYST, OTHER = (f"k1.{name:_<22}" for name in ("analyst", "other"))
WAYBILL, HARMLESS = "SF0000000000001", "SF0000000000002"
COURIER = "swift"


def test_an_alert_is_answered_and_decided_from_a_terminal(start_service, monkeypatch):
    service = start_service(answer_every_parcel=COURIER)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    def lines(*arguments: str) -> list[dict[str, object]]:
        result = call(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    with Instructions(load_settings(), COURIER) as counter:
        assert counter.instructions_for(HARMLESS, 0.1) is None
        service.publish([real_name(HARMLESS), inspection(HARMLESS), real_name(WAYBILL, goods={"name": "雷管"})])
        harmless, dangerous = (counter.instructions_for(one, PATIENCE_S) for one in (HARMLESS, WAYBILL))
    assert harmless is not None
    assert dangerous is not None
    assert (harmless.action, dangerous.action, dangerous.hold) == ("proceed", "refuse", True)
    await_true(lambda: bool(lines("referrals")), "the alert stands")
    told = call("instructions", "swift")
    assert f"{WAYBILL}  HZ-01  refuse" in told.output
    assert "answer by " in told.output
    assert "left), the parcel stays where it is" in told.output
    assert (
        f"no word yet about {HARMLESS[:-1]}9" in call("instructions", "swift", "--waybill", f"{HARMLESS[:-1]}9").output
    )
    assert "proceed" in call("instructions", "swift", "--waybill", HARMLESS).output
    answered = call("answer", "swift", WAYBILL, "done", "--found", "雷管")
    assert "sent, and not refused" in answered.output, answered.output

    await_true(lambda: lines("referrals")[0]["state"] == "answered", "the answer is taken")
    (case,) = lines("cases")
    assert (case["severity"], case["count"]) == ("critical", 1)
    taken = call("decide", WAYBILL, "acknowledge", "--by", ANALYST)
    assert "revision 2: taken" in taken.output, taken.output
    late = call("decide", WAYBILL, "acknowledge", "--by", OTHER, "--revision", "2")
    assert (late.exit_code, getattr(late.exception, "reason", None)) == (1, "stale")
    wrong = call("decide", WAYBILL, "outcome", "--by", ANALYST, "--outcome", "false_alarm", "--keep")
    assert getattr(wrong.exception, "reason", None) == "contradictory"
    unnamed = call("decide", WAYBILL, "outcome", "--by", "officer 7", "--outcome", "dangerous_goods", "--keep")
    assert "decided_by.token: must be a token" in str(unnamed.exception)
    noted = call("decide", WAYBILL, "comment", "--by", ANALYST, "--reason", "已通知公安机关")
    assert noted.output.endswith(": taken\n"), noted.output
    on_case = call("decide", str(case["case_id"]), "comment", "--case", "--by", ANALYST, "--reason", "已通知公安机关")
    assert on_case.output.endswith(": taken\n"), on_case.output
    meant = call("decide", str(case["case_id"])[:8], "acknowledge", "--by", ANALYST)
    assert str(meant.exception).endswith("is a case: add --case")
    ended = call("decide", WAYBILL, "outcome", "--by", ANALYST, "--outcome", "dangerous_goods", "--keep")
    assert "taken; the parcel stays, as the courier was told before" in ended.output, ended.output
    assert lines("referrals") == []
    history = call("referrals", WAYBILL).output
    assert f"comment by analyst {ANALYST}; text 已通知公安机关" in history, history
    assert "refused (stale)" in history, history
    assert "stands: decided, held" in call("alerts", "--id", WAYBILL).output
    (last,) = lines("referrals", WAYBILL)
    end = {name: last[name] for name in ("state", "outcome", "held", "person")}
    assert end == {"state": "decided", "outcome": "dangerous_goods", "held": True, "person": ANALYST}

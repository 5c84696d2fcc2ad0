"""kill -9 in the middle: nothing lost, nothing counted twice, no alert with two ids."""

from collections import Counter, defaultdict

from tests.system.events import inspection, real_name
from tests.system.service import await_true

PARCELS = 1500


def test_a_killed_worker_loses_and_doubles_nothing(start_service):
    service = start_service(session_timeout="2", inspection_due="3600")
    bad = {"kind": "person", "document_type": "resident_id", "document_number": "110101199003078510"}
    events = []
    for number in range(PARCELS):
        waybill = f"SF{number:06d}"
        changes = {"sender": bad} if number % 10 == 0 else {}
        events += [real_name(waybill, ago_s=60, **changes), inspection(waybill, ago_s=30)]
    for part in range(6):
        service.publish(events[part * 500 : (part + 1) * 500])
        if part in (1, 3):
            await_true(lambda: service.metric("parcelward_screened_total") > 0, "it is in the middle of its work")
            service.kill()
            service.start()
    expected = {f"SF{number:06d}" for number in range(0, PARCELS, 10)}
    await_true(lambda: {alert["waybill"] for alert in service.alerts()} >= expected, "all planted cases are alerted")
    # Partitions are read in order: when the last ones are alerted, whatever was to be said twice has been said.
    last = {f"LAST{number}" for number in range(8)}  # on both intake partitions
    service.publish([real_name(waybill, ago_s=60, sender=bad) for waybill in sorted(last)])
    expected |= last
    await_true(lambda: {alert["waybill"] for alert in service.alerts()} >= expected, "the last ones are alerted")

    alerts = service.alerts()
    ids = defaultdict(set)
    for alert in alerts:
        ids[alert["waybill"]].add(alert["alert_id"])
    assert set(ids) == expected
    assert all(len(found) == 1 for found in ids.values())
    revisions = Counter((alert["alert_id"], alert["revision"]) for alert in alerts)
    assert set(revisions.values()) == {1}
    sent = {f"SF{number:06d}" for number in range(PARCELS)} | last
    ledger = {
        record.key.decode().split("/")[1]
        for record in service.read(f"{service.prefix}screening-duties-changelog")
        if not record.key.startswith(b"/")  # what is known of the token keys
    }
    assert ledger == sent
    assert service.read(f"{service.prefix}rejected.swift") == []
    assert service.stop() == 0

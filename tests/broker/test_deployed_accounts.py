"""A courier's day on the Kafka of deploy/: known traffic, and its account, counted, published and read by its roles.

Those who may not read it are in `test_rights.py`.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from parcelward.audit.account import Day
from parcelward.cli.report import count_accounts, publish_accounts
from parcelward.cluster.client import client_options
from parcelward.contract.accounts import Account
from parcelward.errors import UserError
from parcelward.moments import CHINA
from parcelward.publisher import Publisher
from tests.broker.deployed import PASSWORDS, Cluster
from tests.broker.deployed_worker import worker
from tests.builders import heartbeat, inspection, real_name, scan, type_of
from tests.patience import PATIENCE_S

PREFIX = "days."
FOREVER_MS = 2**40 * 1000
EXPECTED = {
    "swift": {"sent": 11, "screened": 4, "scan_only": 1, "duplicate": 2, "heartbeats": 2, "refused": 2},
    "orient": {"sent": 2, "screened": 1, "scan_only": 0, "duplicate": 0, "heartbeats": 1, "refused": 0},
}


def event(data: dict[str, Any], event_id: str, ago: timedelta = timedelta(0)) -> dict[str, Any]:
    at = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds")
    sent = {"specversion": "1.0", "id": event_id, "source": f"/couriers/{data['courier']}", "time": at}
    return sent | {"type": type_of(data).value, "data": data}


def publish_known_traffic(cluster: Cluster) -> None:
    """Two parcels, a duplicate sent twice more, a correction, a late event, heartbeats, a scan alone, broken ones."""
    first = event(real_name("SF0000000000001"), "e-1")
    told = [
        first,
        first,
        event(inspection("SF0000000000001"), "e-2"),
        event(real_name("SF0000000000001", weight_g=950, corrects="e-1"), "e-3"),
        event(real_name("SF0000000000002"), "e-4", timedelta(hours=3)),
        event(heartbeat("HZ-01"), "hb-1"),
        event(heartbeat(), "hb-2"),
        event(scan("SF0000000000009"), "e-5"),
        first,
    ]
    with Publisher(cluster.settings("courier-swift", PREFIX)) as publisher:
        for one in told:
            publisher.publish(one)
    options = client_options(cluster.settings("courier-swift"))
    broken = KafkaProducer(**options, acks="all", enable_idempotence=True)
    for key, value in ((b"SF0000000000003", b"{"), (b"SF0000000000004", json.dumps(first | {"id": "e-6"}).encode())):
        broken.send(f"{PREFIX}intake.swift", key=key, value=value).get(PATIENCE_S)
    broken.close()
    with Publisher(cluster.settings("courier-orient", PREFIX)) as publisher:
        publisher.publish(event(heartbeat(courier="orient"), "hb-1"))
        publisher.publish(event(real_name("SF0000000000001", courier="orient"), "e-1"))


def command(cluster: Cluster, user: str, *words: str) -> subprocess.CompletedProcess[str]:
    without_keys = {name: value for name, value in cluster.environment().items() if "TOKEN_KEY" not in name}
    environment = {**os.environ, **without_keys} | {
        "PARCELWARD_SASL_USERNAME": user,
        "PARCELWARD_SASL_PASSWORD": PASSWORDS[user],
        "PARCELWARD_TOPIC_PREFIX": PREFIX,
        "PARCELWARD_MANAGE_TOPICS": "false",
    }
    return subprocess.run(
        [sys.executable, "-m", "parcelward", *words],
        env=environment,
        cwd=cluster.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def await_accounts(cluster: Cluster, days: list[Day]) -> list[tuple[Day, list[Account]]]:
    """The accounts of the days, counted as if they were long over, once everything has been worked off."""
    settings = cluster.settings("accounts", PREFIX).model_copy(update={"manage_topics": False})
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = [(day, count_accounts(settings, day, FOREVER_MS)) for day in days]
        except UserError:
            found = []
        accounts = [account for _, of_day in found for account in of_day]
        if sum(account.sent for account in accounts) == 13 and all(account.final for account in accounts):
            return found
        assert time.monotonic() < end, accounts
        time.sleep(0.2)


def test_a_couriers_day_adds_up_and_that_courier_reads_it(cluster: Cluster, unused_port: int, tmp_path: Path) -> None:
    assert cluster.provision(PARCELWARD_TOPIC_PREFIX=PREFIX).returncode == 0
    begun_ms = round(time.time() * 1000)
    with worker(cluster, PREFIX, unused_port, tmp_path / "worker.log"):
        publish_known_traffic(cluster)
        begun = datetime.fromtimestamp(begun_ms / 1000, CHINA).date()
        days = [Day.of(one) for one in sorted({begun, datetime.now(CHINA).date()})]  # two, if midnight came between
        found = await_accounts(cluster, days)
    for courier, expected in EXPECTED.items():
        mine = [account for _, accounts in found for account in accounts if account.courier == courier]
        assert all(account.adds_up and account.complete for account in mine)
        assert {name: sum(getattr(account, name) for account in mine) for name in expected} == expected
        assert (
            sum(account.late for account in mine)
            == sum(account.corrections for account in mine)
            == (courier == "swift")
        )

    settings = cluster.settings("accounts", PREFIX).model_copy(update={"manage_topics": False})
    for day, accounts in found:
        assert [said.split()[-1] for said in publish_accounts(settings, accounts, day)] == ["published"] * 2
        assert [said.split()[-1] for said in publish_accounts(settings, accounts, day)] == ["before"] * 2

    early = command(cluster, "accounts", "report", "--json", "--publish", "--date", days[0].name, "--courier", "swift")
    assert early.returncode == 2
    assert "is not final for swift" in early.stderr
    today = next(account for account in found[0][1] if account.courier == "swift")
    assert Account.model_validate_json(early.stdout) == today.model_copy(update={"final": False})
    read = command(cluster, "courier-swift", "accounts", "swift", "--json")
    assert read.returncode == 0, read.stderr
    assert [*map(Account.model_validate_json, read.stdout.splitlines())] == [
        account for _, accounts in found for account in accounts if account.courier == "swift"
    ]

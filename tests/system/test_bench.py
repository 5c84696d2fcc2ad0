"""The benchmark runs from end to end on a few events and writes every figure it promises, how large they may be."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_PARTITIONS = 16
EVENTS = 4000
PROMISED = (
    "events_per_cpu_second",
    "p99_alert_ms",
    "restore_records_per_second",
    "failover_seconds",
    "bytes_per_key",
    "rules_100_over_10",
)
STAGES = {"duties", "senders", "outlets", "referrals", "cases"}
SHARES = {"decode", "join", "tokens", "profiles", "features", "rules", "model", "Kafka in", "Kafka out", "state"}


def test_the_benchmark_measures_and_writes_every_figure_it_promises(tmp_path):
    target = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--events", str(EVENTS), "--runs", "1", "--out", str(target)]
    # A short session: the group waits for the killed worker's to end before it trusts another one.
    command += ["--set", "session_timeout=3", "--set", "sampled_share=0.05"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
    figures = json.loads(target.read_text())

    assert {name for name in PROMISED if name not in figures} == set()
    # Beside so few keys what else the process frees or takes weighs more.
    measured = set(PROMISED) - {"bytes_per_key"}
    assert {name: figures[name] for name in measured if not figures[name] > 0} == {}
    data, one_run = figures["data"], figures["runs"][0]
    assert 0.8 * EVENTS < data["events"] < 1.3 * EVENTS
    assert one_run["refused"] == data["refused"] > 0, "what must be refused was refused, in the warm-up and after it"
    # Each partition has a record about the token keys besides.
    assert data["waybills"] * 0.9 < one_run["memory"]["keys_by_stage"]["duties"] <= data["waybills"] + MOST_PARTITIONS
    assert set(one_run["mean_batch_records"]) == STAGES
    assert figures["recovery"]["restored_records"] >= one_run["memory"]["live_keys"], "the whole state came back"
    assert figures["live"]["at_half"]["alerts"] > 0
    assert set(figures["share_of_cpu"]) >= SHARES
    # So short a run is seen some fifty times: a part may have been missed.
    assert sum(share > 0 for share in figures["share_of_cpu"].values()) > len(SHARES) / 2
    assert abs(sum(figures["share_of_cpu"].values()) - 1) < 0.02
    assert 0.5 < figures["rules_100_over_10"] < 5
    for name in PROMISED:
        assert name in run.stdout, "printed as well"

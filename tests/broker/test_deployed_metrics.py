"""The Kafka of deploy/ tells what the rules on it ask, under the names that they use."""

import re
import urllib.request
from pathlib import Path

from tests.broker.deployed import DEPLOY, Cluster

RULES = DEPLOY.parent / "prometheus" / "kafka.yml"


def test_a_broker_tells_what_the_rules_ask(cluster: Cluster) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{cluster.metrics_port}/metrics", timeout=60) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("kafka_")]
    told = {
        name: float(value)
        for name, value in (re.split(r"[ {]", line)[:: len(re.split(r"[ {]", line)) - 1] for line in lines)
    }
    asked = set(re.findall(r"kafka_(?:controller|server|log)_\w+", Path(RULES).read_text()))
    assert len(asked) == 7
    assert asked <= told.keys()
    assert told["kafka_controller_kafkacontroller_activecontrollercount"] == 1
    assert told["kafka_server_replicamanager_leadercount"] > 0
    assert told["kafka_controller_kafkacontroller_offlinepartitionscount"] == 0

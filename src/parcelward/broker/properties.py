"""Configuration of the local broker, alone or as one of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parcelward.topics import MAX_REJECTED_BYTES

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"


@dataclass(frozen=True, slots=True)
class Node:
    """One broker, which is a controller as well: its number and its port, and the controllers' ports by number."""

    number: int
    port: int
    controllers: Mapping[int, int]


def server_properties(data: Path, node: Node) -> str:
    """A small KRaft node on 127.0.0.1; with more than one, every topic has three copies, of which two are awaited.

    The quorum is static, so that the controllers' ports are not part of the data and may change with every start. The
    short broker session lets a killed broker start again soon: the old session has to end first.
    """
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in node.controllers.items())
    copies = min(3, len(node.controllers))
    return _COMMON.format(
        node=node,
        voters=voters,
        controller=node.controllers[node.number],
        data=data,
        copies=copies,
        awaited=max(1, copies - 1),
        largest=MAX_REJECTED_BYTES,
    ) + (_IN_A_CLUSTER if copies > 1 else _ALONE)


_COMMON = """\
process.roles=broker,controller
node.id={node.number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{node.port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes={largest}
replica.fetch.max.bytes={largest}
min.insync.replicas={awaited}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.num.partitions=4
transaction.state.log.min.isr={awaited}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.min.isr={awaited}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.io.threads=4
num.network.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""
_ALONE = """\
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=750
"""
# A dead leader is replaced after the session timeout; a follower that stands still is dropped after the lag time.
_IN_A_CLUSTER = """\
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
replica.lag.time.max.ms=4000
"""

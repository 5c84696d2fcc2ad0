"""Configuration of the local broker."""

from pathlib import Path

from parcelward.topics import MAX_REJECTED_BYTES

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """A small KRaft node on 127.0.0.1.

    The quorum is static, so that the controller's port is not part of the data and may change with every start. The
    short broker session lets a killed broker start again soon: the old session has to end first.
    """
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes={MAX_REJECTED_BYTES}
replica.fetch.max.bytes={MAX_REJECTED_BYTES}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.min.isr=1
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=750
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.io.threads=4
num.network.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""

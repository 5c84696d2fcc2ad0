"""The tables of docs/ops.md: which user of a secured Kafka may do what, each cell as it has to be.

`python -m tests.rights_table` writes them into the page; tests/broker/test_rights.py tries every cell.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kafka.protocol.admin import (
    AlterClientQuotasRequest,
    AlterUserScramCredentialsRequest,
    CreateAclsRequest,
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteAclsRequest,
    DeleteGroupsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    DescribeAclsRequest,
    DescribeClientQuotasRequest,
    DescribeConfigsRequest,
    DescribeGroupsRequest,
    DescribeUserScramCredentialsRequest,
    IncrementalAlterConfigsRequest,
)
from kafka.protocol.consumer import FetchRequest, JoinGroupRequest, OffsetCommitRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record.memory_records import MemoryRecordsBuilder

PAGE = Path(__file__).parents[1] / "docs" / "ops.md"
BEGIN, END = "<!-- rights -->\n", "<!-- /rights -->"

ADMIN, WORKER, COURIER, PLATFORM, STRANGER = "admin", "worker", "courier-swift", "platform", "stranger"
ACCOUNTS, DELIVER, CONSOLE = "accounts", "deliver", "console"
USERS = (ADMIN, WORKER, COURIER, PLATFORM, ACCOUNTS, DELIVER, CONSOLE, STRANGER)
HEADS = (*(f"`{user}`" for user in USERS[:-1]), "a user without rights")

TOPIC, CLUSTER = 2, 4
TIMEOUT_MS = 10_000
LEFT_OVER = "left-over"
"""A topic that the test makes, to be deleted."""
SOUND = frozenset({0})
TAKEN_OR_UNFIT = frozenset({0, 87})
ASKED_BACK = frozenset({0, 79})
"""A group asks a new member to come again under an id of its choosing."""
NO_GROUP = frozenset({0, 69})
TAKEN_ANYHOW = frozenset({0, 42})
"""A request that got past the check of rights, and asks for nothing that could be done."""


class Action(NamedTuple):
    """One thing to try: the request, the codes that an answer has if it is allowed, and who may do it."""

    words: str
    request: Callable[[], Any]
    allowed: tuple[str, ...]
    sound: frozenset[int] = SOUND


def write(topic: str) -> Callable[[], Any]:
    def request() -> Any:
        records = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1000)
        records.append(timestamp=None, key=b"k", value=b"v")
        records.close()
        data = ProduceRequest.TopicProduceData
        partition = data.PartitionProduceData(index=0, records=records.buffer())
        return ProduceRequest(
            transactional_id=None, acks=-1, timeout_ms=TIMEOUT_MS, max_version=9,
            topic_data=[data(name=topic, partition_data=[partition])],
        )  # fmt: skip

    return request


def read(topic: str) -> Callable[[], Any]:
    of_topic = FetchRequest.FetchTopic
    partition = of_topic.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1000)
    asked = of_topic(topic=topic, partitions=[partition])
    return lambda: FetchRequest(max_wait_ms=0, min_bytes=0, topics=[asked], forgotten_topics_data=[], max_version=12)


def join(group: str) -> Callable[[], Any]:
    protocol = JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"")
    return lambda: JoinGroupRequest(
        group_id=group, session_timeout_ms=10_000, rebalance_timeout_ms=10_000, member_id="", group_instance_id=None,
        protocol_type="consumer", protocols=[protocol], max_version=5,
    )  # fmt: skip


def move(group: str, topic: str) -> Callable[[], Any]:
    of_topic = OffsetCommitRequest.OffsetCommitRequestTopic
    partition = of_topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=0, committed_metadata="")
    asked = of_topic(name=topic, partitions=[partition])
    return lambda: OffsetCommitRequest(
        group_id=group, generation_id_or_member_epoch=-1, member_id="", topics=[asked], max_version=6
    )


def begin(transactional_id: str) -> Callable[[], Any]:
    return lambda: InitProducerIdRequest(
        transactional_id=transactional_id, transaction_timeout_ms=10_000, producer_id=-1, producer_epoch=-1,
        max_version=4,
    )  # fmt: skip


def create(topic: str) -> Callable[[], Any]:
    made = CreateTopicsRequest.CreatableTopic(
        name=topic, num_partitions=1, replication_factor=1, assignments=[], configs=[]
    )
    return lambda: CreateTopicsRequest(topics=[made], timeout_ms=TIMEOUT_MS, validate_only=True)


def add_partitions(topic: str) -> Callable[[], Any]:
    more = CreatePartitionsRequest.CreatePartitionsTopic(name=topic, count=2, assignments=None)
    return lambda: CreatePartitionsRequest(topics=[more], timeout_ms=TIMEOUT_MS, validate_only=True)


def delete(topic: str) -> Callable[[], Any]:
    return lambda: DeleteTopicsRequest(topic_names=[topic], timeout_ms=TIMEOUT_MS, max_version=5)


def delete_records(topic: str) -> Callable[[], Any]:
    of_topic = DeleteRecordsRequest.DeleteRecordsTopic
    first = of_topic.DeleteRecordsPartition(partition_index=0, offset=0)
    return lambda: DeleteRecordsRequest(topics=[of_topic(name=topic, partitions=[first])], timeout_ms=TIMEOUT_MS)


def show_settings(kind: int, name: str) -> Callable[[], Any]:
    asked = DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=kind, resource_name=name, configuration_keys=None
    )
    return lambda: DescribeConfigsRequest(resources=[asked], include_synonyms=False)


def change_settings(kind: int, name: str, setting: str) -> Callable[[], Any]:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    value = resource.AlterableConfig(name=setting, config_operation=0, value="60000")
    asked = resource(resource_type=kind, resource_name=name, configs=[value])
    return lambda: IncrementalAlterConfigsRequest(resources=[asked], validate_only=True)


def show_rights() -> Any:
    return DescribeAclsRequest(
        resource_type_filter=1, resource_name_filter=None, pattern_type_filter=1, principal_filter=None,
        host_filter=None, operation=1, permission_type=1,
    )  # fmt: skip


def give_rights() -> Any:
    right = CreateAclsRequest.AclCreation(
        resource_type=TOPIC, resource_name="alerts", resource_pattern_type=3, principal=f"User:{PLATFORM}", host="*",
        operation=3, permission_type=3,
    )  # fmt: skip
    return CreateAclsRequest(creations=[right])


def take_rights_back() -> Any:
    right = DeleteAclsRequest.DeleteAclsFilter(
        resource_type_filter=TOPIC, resource_name_filter="none", pattern_type_filter=3, principal_filter="User:none",
        host_filter="*", operation=3, permission_type=3,
    )  # fmt: skip
    return DeleteAclsRequest(filters=[right])


def show_quotas() -> Any:
    return DescribeClientQuotasRequest(components=[], strict=False)


def change_quotas() -> Any:
    data = AlterClientQuotasRequest.EntryData
    limit = data.OpData(key="producer_byte_rate", value=1e9, remove=False)
    user = data.EntityData(entity_type="user", entity_name=COURIER)
    return AlterClientQuotasRequest(entries=[data(entity=[user], ops=[limit])], validate_only=True)


def show_user() -> Any:
    # By name: if all are asked for, Kafka 4.1 gives those whom it refuses no answer at all.
    name = DescribeUserScramCredentialsRequest.UserName(name=ADMIN)
    return DescribeUserScramCredentialsRequest(users=[name])


def change_passwords() -> Any:
    gone = AlterUserScramCredentialsRequest.ScramCredentialDeletion(name="none", mechanism=2)
    return AlterUserScramCredentialsRequest(deletions=[gone], upsertions=[])


class OnTopic(NamedTuple):
    """One topic as courier-swift sees it, and who may write and read it. All may be read by the administrator."""

    topic: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]

    def actions(self) -> tuple[Action, Action]:
        """Writing to it and reading it. A record that a compacted topic does not take got past the check of rights."""
        return (
            Action(f"write `{self.topic}`", write(self.topic), (ADMIN, *self.writers), TAKEN_OR_UNFIT),
            Action(f"read `{self.topic}`", read(self.topic), (ADMIN, *self.readers)),
        )


TOPICS = (
    OnTopic("intake.swift", (WORKER, COURIER), (WORKER, ACCOUNTS)),
    OnTopic("intake.orient", (WORKER,), (WORKER, ACCOUNTS)),
    OnTopic("rejected.swift", (WORKER,), (COURIER, ACCOUNTS)),
    OnTopic("rejected.orient", (WORKER,), (ACCOUNTS,)),
    OnTopic("accounts.swift", (ACCOUNTS,), (COURIER, ACCOUNTS, CONSOLE)),
    OnTopic("accounts.orient", (ACCOUNTS,), (ACCOUNTS, CONSOLE)),
    OnTopic("instructions.swift", (WORKER,), (COURIER, CONSOLE)),
    OnTopic("instructions.orient", (WORKER,), (CONSOLE,)),
    OnTopic("answers.swift", (WORKER, COURIER), (WORKER, CONSOLE)),
    OnTopic("answers.orient", (WORKER,), (WORKER, CONSOLE)),
    OnTopic("alerts", (WORKER,), (WORKER, PLATFORM, DELIVER, CONSOLE)),
    OnTopic("decisions", (WORKER, PLATFORM, CONSOLE), (WORKER, PLATFORM, CONSOLE)),
    OnTopic("refused.decisions", (WORKER,), (PLATFORM, CONSOLE)),
    OnTopic("referrals", (WORKER,), (PLATFORM, CONSOLE)),
    OnTopic("cases", (WORKER,), (PLATFORM, CONSOLE)),
    OnTopic("undelivered", (DELIVER,), (DELIVER,)),
    OnTopic("screening.senders", (WORKER,), (WORKER, ACCOUNTS)),
    OnTopic("screening.outlets", (WORKER,), (WORKER, ACCOUNTS)),
    OnTopic("screening.cases", (WORKER,), (WORKER,)),
    OnTopic("screening-duties-changelog", (WORKER,), (WORKER,)),
    OnTopic("screening-senders-changelog", (WORKER,), (WORKER,)),
    OnTopic("screening-outlets-changelog", (WORKER,), (WORKER,)),
    OnTopic("screening-referrals-changelog", (WORKER,), (WORKER,)),
    OnTopic("screening-cases-changelog", (WORKER,), (WORKER,)),
    OnTopic("screening-clock", (WORKER,), ()),
)
"""Every topic, with two couriers."""

ONLY_ADMIN = (ADMIN,)
NO_SUCH_USER = frozenset({0, 91})
OTHERS = [
    Action("read `__consumer_offsets`", read("__consumer_offsets"), ONLY_ADMIN),
    Action("join the workers' group `screening`", join("screening"), (ADMIN, WORKER), ASKED_BACK),
    Action("join `screening-duties`, a name that continues it", join("screening-duties"), ONLY_ADMIN, ASKED_BACK),
    Action("join the courier's group `courier-swift`", join("courier-swift"), (ADMIN, COURIER), ASKED_BACK),
    Action("join `courier-swift-express`, another courier's", join("courier-swift-express"), ONLY_ADMIN, ASKED_BACK),
    Action("join `courier-orient`, another courier's", join("courier-orient"), ONLY_ADMIN, ASKED_BACK),
    Action("join the group `platform`", join("platform"), (ADMIN, PLATFORM), ASKED_BACK),
    Action("join `platform-analysts`, a name that continues it", join("platform-analysts"), ONLY_ADMIN, ASKED_BACK),
    Action("move the positions of `screening`", move("screening", "intake.swift"), (ADMIN, WORKER)),
    Action("move the positions of `courier-swift`", move("courier-swift", "rejected.swift"), (ADMIN, COURIER)),
    Action("move the positions of `deliver-platform`", move("deliver-platform", "alerts"), (ADMIN, DELIVER)),
    Action("move the positions of `deliver-other`", move("deliver-other", "alerts"), ONLY_ADMIN),
    Action(
        "see who is in the group `screening`",
        lambda: DescribeGroupsRequest(groups=["screening"], include_authorized_operations=False),
        (ADMIN, WORKER, PLATFORM, ACCOUNTS),
        NO_GROUP,
    ),
    Action(
        "delete the group `screening`", lambda: DeleteGroupsRequest(groups_names=["screening"]), ONLY_ADMIN, NO_GROUP
    ),
    Action("begin a transaction of a worker", begin("screening-999"), (ADMIN, WORKER)),
    Action("begin a transaction of `deliver-platform`", begin("deliver-platform"), (ADMIN, DELIVER)),
    Action("begin a transaction under another id", begin("courier-swift-1"), ONLY_ADMIN),
    Action("create a topic", create("intake.new"), ONLY_ADMIN),
    Action("create a topic whose name begins as the workers' do", create("screening-new"), ONLY_ADMIN),
    Action("add partitions to its intake", add_partitions("intake.swift"), ONLY_ADMIN),
    Action("delete a topic", delete(LEFT_OVER), ONLY_ADMIN),
    Action("delete records of its intake", delete_records("intake.swift"), ONLY_ADMIN),
    Action("delete records of its refused records", delete_records("rejected.swift"), ONLY_ADMIN),
    Action("delete records of `decisions`", delete_records("decisions"), ONLY_ADMIN),
    Action("see the settings of `alerts`", show_settings(TOPIC, "alerts"), (ADMIN, WORKER)),
    Action("see the settings of `referrals`", show_settings(TOPIC, "referrals"), (ADMIN, WORKER, CONSOLE)),
    Action("change the settings of its intake", change_settings(TOPIC, "intake.swift", "retention.ms"), ONLY_ADMIN),
    Action("change the settings of `alerts`", change_settings(TOPIC, "alerts", "retention.ms"), ONLY_ADMIN),
    Action("change the settings of a broker", change_settings(CLUSTER, "", "log.cleaner.backoff.ms"), ONLY_ADMIN),
    Action("see the rights", show_rights, ONLY_ADMIN),
    Action("give a right", give_rights, ONLY_ADMIN),
    Action("take a right back", take_rights_back, ONLY_ADMIN),
    Action("see quotas", show_quotas, ONLY_ADMIN),
    Action("change a quota", change_quotas, ONLY_ADMIN),
    Action("see another user", show_user, ONLY_ADMIN),
    Action("change passwords", change_passwords, ONLY_ADMIN, NO_SUCH_USER),
]


ACTIONS = [*(action for topic in TOPICS for action in topic.actions()), *OTHERS]
"""All that each user tries."""


def tables() -> str:
    """The tables as Markdown: topics, then everything else."""
    topics = ((f"`{one.topic}`", [_verbs(one, user) for user in USERS]) for one in TOPICS)
    others = ((one.words, ["yes" if user in one.allowed else "·" for user in USERS]) for one in OTHERS)
    return "\n".join(
        "\n".join(
            [
                f"| {first} | {' | '.join(HEADS)} |",
                "|---|" + ":-:|" * len(USERS),
                *(f"| {words} | {' | '.join(cells)} |" for words, cells in rows),
                "",
            ]
        )
        for first, rows in (("topic", topics), ("action", others))
    )


def _verbs(one: OnTopic, user: str) -> str:
    verbs = [verb for verb, users in (("write", one.writers), ("read", one.readers)) if user in (ADMIN, *users)]
    return ", ".join(verbs) or "·"


def written(page: str) -> str:
    """The page with the table in its place."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))

"""Flaws on what surrounds a worker: clocks, access rights, certificates, the machine."""

from collections.abc import Iterable, Iterator

from parcelward.flow import FLOW
from parcelward.ground.facts import Facts
from parcelward.ground.flaw import Code, Flaw, Severity
from parcelward.ground.plan import TopicPlan
from parcelward.settings import Settings

STOP, WARN = Severity.STOP, Severity.WARN
CERTIFICATE_DAYS = 21
DISK_SHARE = 0.1
DISK_BYTES = 256 << 20
FULL_SHARE = 0.02
FILES = 256
FILES_OF_A_STATE = 32
"""Files that RocksDB keeps open for one stage and partition, about."""


def clocks_apart(settings: Settings, facts: Facts, *, running: bool) -> Iterator[Flaw]:
    """Find a clock that is too far from the brokers': deadlines would fire too early, or not at all."""
    tolerance = settings.clock_tolerance.total_seconds()
    for broker, clock in sorted(facts.clocks.items()):
        if abs(clock.off_s) > tolerance:
            way = "ahead of" if clock.off_s > 0 else "behind"
            yield Flaw(
                Code.CLOCK,
                WARN if running else STOP,
                f"this machine's clock is {abs(clock.off_s):.0f} s {way} that of broker {broker}"
                + (", so no deadline fires" if running else ", and may be off by "
                   f"{tolerance:g} s (setting clock_tolerance)"),
                "set the clock that is wrong; chrony or systemd-timesyncd keeps it right",
            )  # fmt: skip
    if not facts.clocks and facts.topics:
        yield Flaw(
            Code.CLOCK_UNKNOWN,
            WARN,
            f"the brokers' clock is not known, because topic {settings.topics.clock} cannot be written",
            "create it with message.timestamp.type=LogAppendTime, and allow this user to write it",
        )


def rights_missing(settings: Settings, plans: Iterable[TopicPlan], facts: Facts) -> Iterator[Flaw]:
    """Find access rights that a worker's user lacks."""
    for plan in plans:
        topic = facts.topics.get(plan.name)
        if topic is None or topic.operations is None:
            continue
        needed = ["READ"] * plan.read + ["WRITE"] * plan.written + ["DESCRIBE"]
        if lacking := [one for one in needed if one not in topic.operations]:
            yield _lacking(settings, f"topic {plan.name}", lacking, f"--topic {plan.name}")
    operations = facts.group_operations
    if operations is not None and (lacking := [one for one in ("READ", "DESCRIBE") if one not in operations]):
        group = settings.topics.app_id
        yield _lacking(settings, f"group {group}", lacking, f"--group {group}")


def _lacking(settings: Settings, resource: str, lacking: list[str], named: str) -> Flaw:
    user = settings.sasl_username or "this user"
    asked = " ".join(f"--operation {one.title()}" for one in lacking)
    return Flaw(
        Code.RIGHTS,
        STOP,
        f"{user} may not {' and '.join(lacking).lower()} {resource}",
        f"allow it with kafka-acls --add --allow-principal User:{user} {asked} {named}",
    )


def certificates_end(facts: Facts) -> Iterator[Flaw]:
    """Find certificates that expire soon: afterwards no client gets in."""
    for certificate in facts.certificates:
        if certificate.days < CERTIFICATE_DAYS:
            yield Flaw(
                Code.CERTIFICATE,
                WARN,
                f"the certificate of {certificate.name} "
                + (f"expires in {certificate.days:.0f} days" if certificate.days >= 0 else "has expired"),
                'renew it (docs/runbook.md, "Routine")',
            )


def machine_short(settings: Settings, facts: Facts) -> Iterator[Flaw]:
    """Find a disk that is nearly full, and a limit of open files that is too low."""
    free, total, files = facts.machine.disk_free, facts.machine.disk_total, facts.machine.files
    if free is not None and total:
        full = free < min(DISK_BYTES, FULL_SHARE * total)
        if full or free < DISK_SHARE * total:
            yield Flaw(
                Code.DISK,
                STOP if full else WARN,
                f"the disk of state_dir {settings.state_dir} has {free >> 20} MiB free, {free / total:.0%} of it",
                "make room, or move state_dir",
            )
    needed = FILES + (len(FLOW) * settings.partitions * FILES_OF_A_STATE if settings.state_dir else 0)
    if files is not None and files < needed:
        yield Flaw(
            Code.FILES,
            WARN,
            f"this process may open {files} files, and may need {needed}",
            "raise the limit (ulimit -n, LimitNOFILE of systemd)",
        )


def all_around(settings: Settings, plans: Iterable[TopicPlan], facts: Facts, *, running: bool) -> Iterator[Flaw]:
    """Every flaw on the surroundings."""
    yield from clocks_apart(settings, facts, running=running)
    yield from rights_missing(settings, plans, facts)
    yield from certificates_end(facts)
    yield from machine_short(settings, facts)

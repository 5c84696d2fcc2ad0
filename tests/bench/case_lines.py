"""`python -m tests.bench.case_lines`: lines that a person must read, alert by alert and gathered into cases.

Traffic goes through the stages in memory, and each alert that they send through the functions of `parcelward.cases`.
Without cases every revision of an alert is a line. With them a line is a revision of a case that asks for a person.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from parcelward.alerts.verdict import LANE_OF
from parcelward.cases.life import Life
from parcelward.cases.news import news_of
from parcelward.cases.outgoing import referral_of
from parcelward.cases.subjects import KINDS
from parcelward.cases.times import Times
from parcelward.contract.alerts import Alert, Lane, Severity
from parcelward.contract.steps import Role
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Plan, Simulation, live
from parcelward.stage import Record, SourceRecord
from parcelward.training.traffic import simulated_records
from tests.builders import DAY, HOUR, SECOND, T0, inspection, real_name, record
from tests.desk import Desk

START = datetime(2026, 11, 23, tzinfo=UTC)
BATCH = 512
NEVER_MS = 365 * DAY
IN_20_S = {"inspection_due": "20s"}
Traffic = Callable[[Settings], Iterator[tuple[Sequence[SourceRecord], int]]]
"""Records that arrive together, and the time up to which nothing else will (epoch ms; 0: unknown)."""


class Storm(NamedTuple):
    """Traffic to be measured, and settings of its own."""

    traffic: Traffic
    settings: dict[str, str]


class Lines(NamedTuple):
    """Lines without and with cases, and what lies behind them."""

    alerts: int
    parcels: int
    red: int
    cases: int
    with_cases: int
    hidden: int
    largest: str

    @property
    def fall(self) -> float:
        """Share of the lines that nobody has to read any more."""
        return 1 - self.with_cases / self.alerts if self.alerts else 0.0


def simulated(plan: Plan, events: int) -> Traffic:
    """The traffic of a plan."""

    def records(settings: Settings) -> Iterator[tuple[Sequence[SourceRecord], int]]:
        now = 0
        for batch in batches(islice(simulated_records(Simulation(plan), settings.topics), events), BATCH):
            now = batch[-1].timestamp
            yield batch, 0
        yield (), now + HOUR

    return records


def written(*parcels: Sequence[Record]) -> Traffic:
    """Records by hand, in the order of their arrival, and an hour of quiet after them."""
    ordered = sorted((one for parcel in parcels for one in parcel), key=lambda one: one.timestamp)

    def records(_: Settings) -> Iterator[tuple[Sequence[SourceRecord], int]]:
        for one in ordered:
            yield (one,), one.timestamp
        yield (), ordered[-1].timestamp + HOUR

    return records


def _sender(number: int) -> dict[str, object]:
    document = {"document_type": "passport", "issuing_country": "GBR", "document_number": f"{900_000_000 + number}"}
    return {**document, "phone": f"{13_800_001_234 + number}"}


def offline_parcel(number: int, uploaded_ms: int) -> list[Record]:
    """A parcel that was inspected at once; the handheld was off-line until `uploaded_ms`."""
    waybill, at = f"SF{number:013}", T0 + number * 40 * SECOND
    data = real_name(waybill, sender=_sender(number))
    return [record(data, at), record(inspection(waybill), at + 10 * SECOND, arrival=uploaded_ms)]


def detonator(number: int) -> list[Record]:
    """One parcel among them that is declared as a detonator."""
    waybill, at = f"SF{number:013}", T0 + number * SECOND
    data = real_name(waybill, outlet="HZ-02", operator="E2", sender=_sender(number), goods={"name": "雷管"})
    return [record(data, at), record(inspection(waybill, outlet="HZ-02", operator="E2"), at + 5 * SECOND)]


def faked_parcel(number: int) -> list[Record]:
    """A parcel whose inspection is a stroke of the pen: two seconds after the one before, with the same photo."""
    waybill, at = f"SF{number:013}", T0 + number * 2 * SECOND
    photo = {"sha256": "ab" * 32, "taken_at": "2026-11-23T10:00:00+08:00"}
    goods = inspection(waybill, photos=[photo])
    return [record(real_name(waybill, sender=_sender(number)), at), record(goods, at + SECOND)]


HANDHELD = written(*(offline_parcel(number, T0 + HOUR + number * SECOND) for number in range(30)), detonator(30))
STORMS = {
    "N1: 20,000 events, seed 77, 2 % violations": Storm(
        simulated(
            Plan(start=START, waybills_per_day=40_000, outlets_per_courier=10, seed=77, violation_share=0.02), 20_000
        ),
        {},
    ),
    "N2: one handheld off-line, 30 parcels, one detonator": Storm(HANDHELD, IN_20_S),
    "N3: 300 inspections faked at one outlet": Storm(written(*(faked_parcel(number) for number in range(300))), {}),
    "demo, 60 s at 100 events/s": Storm(
        simulated(live(Plan(start=START, days=60 / 86_400), 100, START), 6_000), IN_20_S
    ),
}


LONG = {
    "N1, a whole day": Storm(
        simulated(
            Plan(start=START, waybills_per_day=40_000, outlets_per_courier=10, seed=77, violation_share=0.02), 10**9
        ),
        {},
    ),
    "demo, 10 min at 100 events/s": Storm(
        simulated(live(Plan(start=START, days=600 / 86_400), 100, START), 10**9), IN_20_S
    ),
}


def measure(storm: Storm, model: bool = True) -> Lines:
    """Screen a storm and gather its alerts."""
    chosen = load_settings(**storm.settings, **({} if model else {"model": None}))
    never = {severity.value: NEVER_MS for severity in Severity}  # nobody decides here, so no deadline is missed
    times = replace(Times.from_settings(chosen), acknowledge=never, decide=never, answer=never)
    pipeline, desk = Pipeline(build_stages(chosen), chosen.topics), Desk(Life(chosen.topics, times))
    revisions: list[Alert] = []
    for records, quiet_ms in storm.traffic(chosen):
        quiet = {chosen.topics.intake(courier): quiet_ms for courier in chosen.couriers} if quiet_ms else None
        for send in pipeline.feed(records, quiet).alerts:
            revisions.append(Alert.model_validate_json(send.value or b""))
            desk.hear(news_of(revisions[-1]))
    newest = {case.case_id: case for case in desk.told}
    return Lines(
        len(revisions),
        len({one.alert_id for one in revisions}),
        len({one.alert_id for one in revisions if one.lane is Lane.RED}),
        len(newest),
        sum(case.attention for case in desk.told),
        hidden(revisions, desk),
        max(newest.values(), key=lambda case: case.count).summary.en if newest else "",
    )


def hidden(revisions: Sequence[Alert], desk: Desk) -> int:
    """Count the red findings whose alert lies in no case of their theme that somebody was asked to read as red."""
    asked = {case.case_id for case in desk.told if case.attention and case.lane is Lane.RED}
    newest = {one.alert_id: one for one in revisions}
    read: set[tuple[str, str]] = set()
    for one in desk.referrals.values():
        state = referral_of(one, None, Role.EVIDENCE, None, one.touched_ms, desk.life.times)
        themes = zip((place.theme for place in one.places), state.cases, strict=True)
        read |= {(one.alert_id, theme) for theme, case_id in themes if case_id in asked}
    return sum(
        (alert.alert_id, KINDS[finding.rule].theme) not in read
        for alert in newest.values()
        for finding in alert.findings
        if LANE_OF[finding.severity] is Lane.RED
    )


def main() -> None:
    """Print a line for each storm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only storms whose name contains this")
    parser.add_argument("--long", action="store_true", help="a day, and ten minutes of the demo, too")
    given = parser.parse_args()
    for name, storm in (STORMS | LONG if given.long else STORMS).items():
        if given.only in name:
            lines = measure(storm)
            print(
                f"{name}: {lines.alerts} lines of {lines.parcels} alerts ({lines.red} red) -> {lines.with_cases} lines"
                f" of {lines.cases} cases, {lines.fall:.0%} fewer; red hidden: {lines.hidden}; largest: {lines.largest}"
            )


if __name__ == "__main__":
    main()

"""`python -m tests.bench.day_of_lives`: a day of simulated traffic, in which every alert is led to its end.

All five stages run in memory. Counter staff and analysts take minutes, deadlines are those of the settings. Days of
quiet follow, so that the last deadline passes. Printed is what each alert came to; one that is still open is a fault.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from parcelward.contract.instructions import Instruction
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import ReferralState
from parcelward.demo.lives import OPEN, end_of
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Letter, People, Plan, Simulation
from parcelward.simulate.people import Habits
from parcelward.stage import Record, SourceRecord
from parcelward.training.traffic import simulated_records
from tests.builders import DAY, MINUTE

START = datetime(2026, 11, 23, tzinfo=UTC)
HABITS = Habits(answer_ms=8 * MINUTE, look_ms=6 * MINUTE, decide_ms=15 * MINUTE)
QUIET_DAYS = 8
STEP_MS = 5 * MINUTE


class Day:
    """Couriers, people and the stages, by one clock."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._settings, self._topics = settings, settings.topics
        self._line = Pipeline(build_stages(settings), settings.topics)
        self._simulation = Simulation(plan)
        self._planted: set[tuple[str, str]] = set()
        self._people = People(plan.seed, lambda courier, waybill: (courier, waybill) in self._planted, HABITS)
        self._sent = 0
        self.events = 0
        self.referrals: dict[str, Referral] = {}
        self.refused: Counter[str] = Counter()

    def run(self) -> None:
        """Live through the day, and through the quiet days after it."""
        now_ms = 0
        for now_ms, records in _in_steps(simulated_records(self._simulation, self._topics)):
            self.events += len(records)
            self._planted = {(label.courier, label.waybill) for label in self._simulation.labels()}
            self._step(records, now_ms)
        for later_ms in range(now_ms, now_ms + QUIET_DAYS * DAY, STEP_MS):
            self._step([], later_ms)

    def _step(self, records: Sequence[SourceRecord], now_ms: int) -> None:
        letters = [self._record(letter, now_ms) for letter in self._people.due(now_ms)]
        quiet = dict.fromkeys(map(self._topics.intake, self._settings.couriers), now_ms)
        self._read(self._line.feed([*records, *letters], quiet), now_ms)

    def _record(self, letter: Letter, now_ms: int) -> Record:
        self._sent += 1
        topic = self._topics.decisions if letter.courier is None else self._topics.answers(letter.courier)
        return Record(topic, 0, self._sent, now_ms, letter.key.encode(), json.dumps(letter.event).encode())

    def _read(self, result: Result, now_ms: int) -> None:
        for send in (*result.followed, *result.rejected):
            if send.value is None:
                continue
            if (reason := dict(send.headers or ()).get("pw_reason")) is not None:
                self.refused[reason.decode()] += 1
            if send.topic == self._topics.referrals:
                referral = Referral.model_validate_json(send.value)
                self.referrals[referral.alert_id] = referral
                self._people.read_referral(referral, now_ms)
            elif send.topic == self._topics.cases:
                self._people.read_case(Case.model_validate_json(send.value), now_ms)
            elif send.topic.startswith(self._topics.instructions("")):
                self._people.read_instruction(Instruction.model_validate_json(send.value), now_ms)


def _in_steps(records: Iterator[SourceRecord]) -> Iterator[tuple[int, list[SourceRecord]]]:
    """Give the records of each step, and its end."""
    for number, mine in groupby(records, lambda one: one.timestamp // STEP_MS):
        yield (number + 1) * STEP_MS, list(mine)


def main() -> None:
    """Print what each alert came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waybills", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    plan = Plan(
        start=START, waybills_per_day=given.waybills, outlets_per_courier=10, seed=given.seed, violation_share=0.02
    )
    day = Day(load_settings(), plan)
    day.run()
    ends = Counter(map(end_of, day.referrals.values()))
    states = Counter(one.state for one in day.referrals.values())
    print(f"{day.events:,} events, {len(day.referrals):,} alerts")
    for end, count in ends.most_common():
        print(f"  {count:6,}  {end}")
    passed_up = sum(one.level > 0 for one in day.referrals.values())
    print(f"  of these {states[ReferralState.CLOSED]:,} are closed; {passed_up:,} were passed up")
    print(f"refused: {dict(day.refused.most_common())}")
    raise SystemExit(1 if ends[OPEN] else 0)


if __name__ == "__main__":
    main()

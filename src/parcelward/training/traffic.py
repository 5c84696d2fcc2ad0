"""Training data: simulated traffic, screened by the same code as in the worker."""

from collections.abc import Callable, Iterator

from parcelward.alerts.verdict import LANE_OF
from parcelward.features.table import Row
from parcelward.flow import SCREENING
from parcelward.moments import DAY_MS
from parcelward.rules import RulePack
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.stage import Record
from parcelward.topics import Topics
from parcelward.training.rows import Screening, Screenings, WaybillKey

_BATCH = 1024
_AFTER_THE_END_MS = 2 * DAY_MS  # by then every duty of the last day is done or overdue


def screen_traffic(plan: Plan, settings: Settings, note: Callable[[str], None] = lambda _: None) -> Screenings:
    """Simulate `plan`, screen every event in order of arrival, and join the labels to the screenings.

    The rules of `settings` judge, without a model. `note` is called when a simulated day is over.
    """
    simulation = Simulation(plan)

    def patterns() -> dict[WaybillKey, str]:
        return {(label.courier, label.waybill): label.pattern for label in simulation.labels()}

    screened = _screenings(simulation, settings.model_copy(update={"model": None}), note)
    return Screenings.collect(screened, patterns, _start_ms(plan))


def _screenings(simulation: Simulation, settings: Settings, note: Callable[[str], None]) -> Iterator[Screening]:
    stages = build_stages(settings)
    pipeline = Pipeline(stages, settings.topics, keep_rows=True, flow=SCREENING)
    pack, start_ms = stages.judgement.pack, _start_ms(simulation.plan)
    now = start_ms
    for batch in batches(simulated_records(simulation, settings.topics), _BATCH):
        day, now = (now - start_ms) // DAY_MS, batch[-1].timestamp
        if (now - start_ms) // DAY_MS > day:
            note(f"day {day} screened, {simulation.waybills:,} waybills so far")
        for shipment, row in pipeline.feed(batch).rows:
            yield Screening(shipment.courier, shipment.waybill, row, shipment.touched_ms, _fired(pack, row))
    quiet = {settings.topics.intake(courier): now + _AFTER_THE_END_MS for courier in simulation.plan.couriers}
    for shipment, row in pipeline.feed([], quiet).rows:
        yield Screening(shipment.courier, shipment.waybill, row, shipment.touched_ms, _fired(pack, row))


def simulated_records(simulation: Simulation, topics: Topics) -> Iterator[Record]:
    """Simulated records as they would come from the broker, all in partition 0."""
    offsets = dict.fromkeys(simulation.plan.couriers, 0)
    for record in simulation.records():
        offset = offsets[record.courier]
        offsets[record.courier] = offset + 1
        topic = topics.intake(record.courier)
        yield Record(topic, 0, offset, record.arrival_ms, record.key, record.value, record.headers)


def _fired(pack: RulePack, row: Row) -> int:
    """Count the rules that fired and raise an alert by themselves."""
    return sum(hit.error is None and LANE_OF[hit.rule.severity] is not None for hit in pack.evaluate(row))


def _start_ms(plan: Plan) -> int:
    return int(plan.start.timestamp() * 1000)

"""Simulated courier traffic with planted violations: for the demo, for training, for benchmarks.

`Simulation(plan).events()` yields structured-mode CloudEvents in order of arrival, `.records()` Kafka records with a
share of malformed ones, `.labels()` the ground truth. `live(plan, events_per_second)` fits a plan into seconds.
"""

from parcelward.simulate.malformed import malformed
from parcelward.simulate.people import Letter, People
from parcelward.simulate.plan import PATTERNS, PLANTED, Label, Plan, SimulatedEvent, SimulatedRecord, live
from parcelward.simulate.simulation import Simulation, simulate

__all__ = [
    "PATTERNS",
    "PLANTED",
    "Label",
    "Letter",
    "People",
    "Plan",
    "SimulatedEvent",
    "SimulatedRecord",
    "Simulation",
    "live",
    "malformed",
    "simulate",
]

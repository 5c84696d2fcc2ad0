"""Builds the Faust app; nothing is created at import."""

from collections.abc import Sequence
from functools import partial

from parcelward.cluster.admin import changelog_ids
from parcelward.settings import Settings
from streams.engine.agents import screen
from streams.engine.assignment import Assignment, Recorder
from streams.engine.faust_app import ScreeningApp, bytes_topic, faust_options
from streams.engine.fetched_batches import read_in_batches
from streams.engine.partition import StagePlan
from streams.engine.state import MemoryStates, States
from streams.engine.state_on_disk import DiskStates
from streams.engine.tables import RECOVERY_BUFFER


def build_app(settings: Settings, plans: Sequence[StagePlan], recorder: Recorder) -> ScreeningApp:
    """The app of one worker: an agent and a table per stage. Nothing is connected before it is started."""
    read_in_batches()
    assignment = Assignment(settings, plans, recorder, states=_states(settings))
    app = ScreeningApp(settings.topics.app_id, assignment=assignment, **faust_options(settings))
    for plan in plans:
        first, *others = (bytes_topic(app, topic) for topic in plan.topics)
        app.also_read += others
        # TRAP: without bytes as types, recovery decodes the changelog as JSON.
        app.Table(
            plan.name,
            partitions=settings.partitions,
            key_type=bytes,
            value_type=bytes,
            recovery_buffer_size=RECOVERY_BUFFER,
        )
        app.agent(first, name=plan.name, isolated_partitions=True)(screen(assignment))
    return app


def _states(settings: Settings) -> States:
    if settings.state_dir is None:
        return MemoryStates()
    return DiskStates(settings.state_dir, partial(changelog_ids, settings))

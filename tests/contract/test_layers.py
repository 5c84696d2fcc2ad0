"""The packages lie in layers, and imports go down: packages as well as modules, circles as well as arrows."""

from collections.abc import Callable, Collection, Iterable
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.packages import Import, When, imports, imports_in, modules, package_of, packages

LAYERS = {
    "parcelward": "the name alone",
    # what is agreed, and the vocabulary all share
    "contract": "what is on the wire; the rest is made to fit it, so it imports none of it",
    "errors": "the one failure a person can mend",
    "escaping": "text from outside, made fit to be shown; whoever shows such text uses it",
    "flow": "the one list of stages, and who sends to whom",
    "topics": "the names of the topics, those between the stages by the flow",
    "stage": "batches in, outcomes out: the seam between core and engine, in its own words",
    "counts": "what a stage counts, keyed as the seam wants it",
    "console_counts": "what the console counts, declared likewise",
    "moments": "times and durations; the contract says how a time is written",
    "formats": "which format a stored record has; knows no record",
    "expiry": "when state is forgotten; looks into the head of a record",
    "poison": "how a batch goes on without the record that our code fails on; works on the seam's batches",
    "secret_files": "secrets, from the environment or from files",
    "setting_types": "types of settings' values",
    "connection_settings": "the settings of what an installation is connected to",
    "webhook_settings": "the settings of one command that is no worker; a part of the settings",
    "console_settings": "the settings of the console, another command that is no worker",
    "settings": "every choice; checked against the contract, names the topics",
    "footing": "what a committed position notes about its logs; engine and ground read it",
    "ground": "what a worker stands on, judged: facts in, findings out; whoever talks to Kafka asks it",
    "settings_page": "the page of the settings",
    "logs": "log lines that name a record of the seam and never show it",
    "metrics": "what is measured: the counts, with labels from the contract",
    "metrics_page": "the page of the metrics",
    "protobuf": "the numbers of other people's binary formats",
    "record_batch": "the bytes of a Kafka batch: no parcel in them; read by the engine and by cluster",
    # the flow
    "intake": "bytes become an event or a refusal; the first step, so it knows none of the others",
    "cluster": "Kafka from outside the worker; knows topics and settings, no event",
    "channels": "every topic, its messages and who may use it, as one document; asks the plan and the rights",
    "identity": "personal values of an event become tokens",
    "goods": "what a goods name says; needs no event, and comes before all that asks it",
    "shipments": "events with tokens become one shipment",
    "profiles": "what senders, outlets and operators did with earlier shipments and goods",
    "features": "a shipment and its profiles become a row",
    "rules": "a row becomes findings",
    "model": "a row becomes a score; rules and model do not know each other",
    "controls": "signed rules for a while: they tighten deadlines of shipments and change findings of rules",
    "alerts": "findings become a verdict and an alert; what a row said then is kept with it",
    "cases": "what becomes of an alert: its steps, instructions to the courier, and the case that it lies in",
    "screening": "the stages: all of the above in the order of the flow",
    # around the flow
    "delivery": "an alert on its way to a platform without Kafka; reads it as any platform would, by the contract",
    "publisher": "the couriers' side of the wire: checks like intake, makes tokens like identity, sends by cluster",
    "simulate": "couriers who do not exist; of ours they know the contract alone",
    "training": "simulated traffic, screened, becomes a model",
    "replay": "a recorded run is screened again and compared",
    "audit": "checks every record by replaying each stage",
    "trace": "one parcel's records, read again as the stages read them, become steps in words",
    "desk": "where alerts and cases stand, and letters about them; reads topics by cluster, knows no stage",
    "erasure": "one person is taken out of what is stored; knows tokens, recordings and the real-name entry",
    "draws": "outlets and inspectors by lot; files in, files out, so it knows the contract and no stage",
    "outcomes": "how right alerts were; reads what people decided, and asks cases for duties and draws for chances",
    "console": "pages where people see and answer alerts: topics become tables, decisions become letters of the desk",
    # what is started
    "process": "starting and stopping processes; below all that starts some",
    "broker": "a real Kafka, as a process",
    "demo": "broker, worker, simulated couriers, alerts, and an audit of it",
    "cli": "the commands: may ask for anything in the core",
    "__main__": "the command itself",
    # the Kafka edge: the core never imports it; the command line names the worker and loads it when it is called
    "streams.engine": "Faust in batches; knows no parcel, so it takes little of the core (below)",
    "streams": "the service: joins the engine to the stages",
    "streams.delivery": "webhooks over the wire; serves its metrics as the service does",
}
"""Every package, the lowest first, and why it stands there. It imports only packages that stand before it."""

ORDER = list(LAYERS)
ENGINE_TAKES = {
    "cluster",
    "counts",
    "errors",
    "expiry",
    "footing",
    "formats",
    "ground",
    "logs",
    "moments",
    "poison",
    "record_batch",
    "settings",
    "stage",
}


def unplaced(names: Collection[str]) -> set[str]:
    """Packages that are in the source or in the list, but not in both."""
    return set(names) ^ set(ORDER)


def upward(found: Iterable[Import]) -> list[str]:
    """Imports of a package that lies higher, or in no layer."""
    place = {name: number for number, name in enumerate(ORDER)}
    ends = [(one, package_of(one.importer), package_of(one.imported)) for one in found]
    return [str(one) for one, low, high in ends if low != high and place.get(low, -1) <= place.get(high, len(place))]


def circle(found: Iterable[Import], name_of: Callable[[str], str] = str) -> list[str]:
    """A circle of modules, or of what `name_of` makes of them; empty if there is none."""
    graph: dict[str, set[str]] = {}
    for one in found:
        importer, imported = name_of(one.importer), name_of(one.imported)
        if importer != imported:
            graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members
    return []


def too_much_for_the_engine(found: Iterable[Import]) -> list[str]:
    """Imports by which the engine would come to know parcels."""
    own = {"streams.engine", *ENGINE_TAKES}
    mine = [one for one in found if package_of(one.importer) == "streams.engine"]
    return [str(one) for one in mine if package_of(one.imported) not in own]


def test_every_package_has_its_layer() -> None:
    assert unplaced(packages()) == set(), "say in LAYERS where a new package stands, and why"


def test_packages_import_downward_only() -> None:
    assert upward(imports()) == []


def test_there_is_no_circle_of_packages() -> None:
    assert circle(imports(), package_of) == []


def test_there_is_no_circle_of_modules() -> None:
    """Imports inside functions and for types count: none of them hides a circle."""
    assert circle(imports()) == []


def test_the_contract_imports_nothing_of_ours() -> None:
    assert {
        str(one) for one in imports() if package_of(one.importer) == "contract" != package_of(one.imported)
    } == set()


def test_the_engine_knows_no_parcel() -> None:
    assert too_much_for_the_engine(imports()) == []


def with_line(module: str, line: str) -> list[Import]:
    """The imports as they would be if a line stood at the end of a module."""
    others = [one for one in imports() if one.importer != module]
    return [*others, *imports_in(module, f"{modules()[module].read_text()}\n{line}\n")]


UPWARD = {
    "as the model once replayed": ("parcelward.model.score", "from parcelward.screening.in_memory import Pipeline"),
    "as the demo once stopped": ("parcelward.demo.run", "import parcelward.cli.alerts"),
    "a whole package": ("parcelward.rules.check", "from parcelward import screening"),
    "in a function": ("parcelward.goods.text", "def f():\n    from parcelward.rules import check"),
    "in a method": ("parcelward.stage", "class A:\n    def f(self):\n        from parcelward.logs import position"),
    "for types": ("parcelward.intake.event", "if TYPE_CHECKING:\n    from parcelward.cli import options"),
    "engine": ("streams.engine.partition", "import streams.worker"),
    "core": ("parcelward.cli.demo", "from streams.app import build_app"),
}


@pytest.mark.parametrize(("module", "line"), UPWARD.values(), ids=UPWARD)
def test_an_upward_import_is_found(module: str, line: str) -> None:
    (found,) = upward(with_line(module, line))
    assert found.startswith(f"{module} imports ")


CIRCLES = {
    "at import": ("parcelward.rules.check", "import parcelward.rules.compile"),
    "in a function": ("parcelward.features.table", "def f():\n    from parcelward.features import row"),
}


@pytest.mark.parametrize(("module", "line"), CIRCLES.values(), ids=CIRCLES)
def test_a_circle_of_modules_is_found(module: str, line: str) -> None:
    assert module in circle(with_line(module, line))


def test_a_circle_of_packages_is_found_where_no_modules_form_one() -> None:
    doctored = with_line("parcelward.profiles.geo", "import parcelward.features.table")
    assert circle(doctored) == []
    assert set(circle(doctored, package_of)) == {"features", "profiles"}


def test_a_package_that_nobody_placed_is_found() -> None:
    assert unplaced({*packages(), "appeals"}) == {"appeals"}
    assert upward([Import("parcelward.appeals.answers", "parcelward.alerts.alert", When.AT_IMPORT)])


def test_an_engine_that_asks_for_an_event_is_found() -> None:
    line = "from parcelward.intake.event import Event"
    assert too_much_for_the_engine(with_line("streams.engine.producer", line)) == [
        "streams.engine.producer imports parcelward.intake.event at import"
    ]

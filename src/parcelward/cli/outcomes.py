"""`parcelward outcomes`: how right alerts were and how much they missed, from the topics and from visits by lot."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from pydantic import ValidationError

from parcelward.cli.options import TIME, Kafka, moment_ms, settings_with
from parcelward.cli.outcome_table import left_out, show_credit, show_quality
from parcelward.cluster.reader import TopicReader
from parcelward.draws.announcement import sha256
from parcelward.draws.draw import Draw, differences, read_draw
from parcelward.draws.lists import read_file
from parcelward.draws.visits import Results
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.moments import duration_ms, utc
from parcelward.outcomes.credit import credit_views, visited
from parcelward.outcomes.quality import drawn_under_controls, qualities
from parcelward.outcomes.records import AlertHead, ReferralHead, read_alert, read_referral
from parcelward.outcomes.verdicts import Judged, Verdict, judged
from parcelward.settings import Settings

Head = TypeVar("Head", AlertHead, ReferralHead)
WORDS = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.FALSE_ALARM: "false alarms",
    Verdict.NOT_INSPECTED: "not inspected",
    Verdict.OPEN: "still open",
    Verdict.EXPIRED: "expired",
    Verdict.NOT_FOUND: "without a state",
    Verdict.WITHDRAWN: "taken back by later records",
}


def outcomes(
    kafka: Kafka = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=f"Alerts raised from then on: {TIME}; default: as long ago as an alert's end is kept (referral_keep).",
            show_default=False,
        ),
    ] = None,
    to: Annotated[str | None, typer.Option(help=f"Alerts raised before then: {TIME}.", show_default=False)] = None,
    visits: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a draw's published results; may be given more than once.", show_default=False),
    ] = None,
    sampled_share: Annotated[
        float | None,
        typer.Option(
            help="Share of clean parcels that was drawn in this span; default: the setting sampled_share.",
            min=0,
            max=1,
            show_default=False,
        ),
    ] = None,
    outlets: Annotated[bool, typer.Option("--outlets", help="Also print a line for each outlet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with everything, outlets too.")] = False,
    label_file: Annotated[
        Path | None, typer.Option("--labels", help="Write labels for training (Parquet).", show_default=False)
    ] = None,
) -> None:
    """Count how many alerts were right, estimate what they missed, and show how couriers and outlets keep their duties.

    An alert that nobody decided is unknown: it is no false alarm. Reads `alerts` and `referrals`.
    """
    write = label_writer(label_file)
    settings = settings_with(kafka)
    rate = settings.sampled_share if sampled_share is None else sampled_share
    went = visited(read_all_visits(visits or ()))
    now_ms = round(time.time() * 1000)
    kept_ms = now_ms - duration_ms(settings.referral_keep)
    start_ms, end_ms = moment_ms("--from", from_) or kept_ms, moment_ms("--to", to) or now_ms
    found = read_outcomes(settings, start_ms, end_ms)
    write(found, rate)
    quality, credit = qualities(found, rate), credit_views(found, went, rate)
    if as_json:
        span = {"from": utc(start_ms).isoformat(), "to": utc(end_ms).isoformat()}
        body = {**span, "sampled_share": rate, "verdicts": verdicts_of(found)}
        body["random_checks_under_controls"] = drawn_under_controls(found)
        body |= {"quality": [asdict(one) for one in quality], "credit": [asdict(one) for one in credit]}
        typer.echo(json_line(body))
        return
    typer.echo(in_words(found))
    say_what_is_left_out(found)
    show_quality(quality, outlets=outlets)
    show_credit(credit, outlets=outlets)
    if not outlets and (more := left_out(quality)):
        typer.echo(f"{more:,} outlets: --outlets shows them")


def say_what_is_left_out(found: Sequence[Judged]) -> None:
    """Say how many random checks the figures leave out, if they do."""
    if controlled := drawn_under_controls(found):
        typer.echo(
            f"{controlled:,} of the random checks were drawn under a control period, at another rate perhaps: what is "
            "wrong, duties kept and wrong in random checks are of the parcels under none"
        )


def label_writer(path: Path | None) -> Callable[[Sequence[Judged], float], None]:
    """Give what writes labels, or nothing. Whether its library is there shows at once, not after everything is read."""
    if path is None:
        return lambda found, rate: None
    from parcelward.outcomes.labels import labels, write_labels  # needs the extra `train`

    def write(found: Sequence[Judged], rate: float) -> None:
        rows = labels(found, rate)
        write_labels(path, rows)
        typer.echo(f"{len(rows):,} labels in {escaped(str(path))}", err=True)

    return write


def verdicts_of(found: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Count the verdicts, on alerts and on random checks."""
    counts = {flagged: Counter(one.verdict for one in found if one.flagged is flagged) for flagged in (True, False)}
    return {
        name: {verdict.value: counts[flagged][verdict] for verdict in Verdict}
        for name, flagged in (("alerts", True), ("random_checks", False))
    }


def in_words(found: Sequence[Judged]) -> str:
    """Say how many alerts and random checks there are, and of how many nothing is known."""
    sentences = []
    for name, counts in verdicts_of(found).items():
        parts = [f"{counts[verdict]:,} {words}" for verdict, words in WORDS.items() if counts[verdict]]
        sentences.append(f"{sum(counts.values()):,} {name.replace('_', ' ')}{': ' if parts else ''}{', '.join(parts)}")
    return "\n".join(sentences)


def read_outcomes(settings: Settings, from_ms: int, to_ms: int) -> list[Judged]:
    """Read both topics and put them together; alerts raised within the span. Raises UserError."""
    topics = settings.topics
    found = judged(_heads(settings, topics.alerts, read_alert), _heads(settings, topics.referrals, read_referral))
    return [one for one in found if from_ms <= one.raised_ms < to_ms]


def _heads(settings: Settings, topic: str, read: Callable[[bytes], Head]) -> Iterator[Head]:
    with TopicReader(settings, [topic]) as reader:
        for record in reader.read_to_end():
            if record.value is not None:
                yield _head(record, read)


def _head(record: Any, read: Callable[[bytes], Head]) -> Head:
    try:
        return read(record.value)
    except msgspec.DecodeError:
        where = f"{record.topic}/{record.partition}/{record.offset}"
        raise UserError(f"{where} is no record of this topic's kind; is it of a later version?") from None


def read_all_visits(folders: Sequence[Path]) -> list[tuple[Draw, Results]]:
    """Read the results of several draws. Raises UserError where one is given twice: its visits would count twice."""
    found: dict[str, Path] = {}
    read = []
    for folder in folders:
        draw, results = read_visits(folder)
        if (first := found.get(results.draw_sha256)) is not None:
            raise UserError(
                f"{escaped(str(first))} and {escaped(str(folder))} are of one draw: give the later publication alone"
            )
        found[results.draw_sha256] = folder
        read.append((draw, results))
    return read


def read_visits(folder: Path) -> tuple[Draw, Results]:
    """Read the results of a draw's visits, and the draw itself. Raises UserError where they do not belong together."""
    content = read_file(folder / "draw.json")
    draw = read_draw(content, str(folder / "draw.json"))
    if wrong := differences(content, draw):
        raise UserError(f"{escaped(str(folder))}/draw.json: {escaped(wrong[0])}")
    try:
        results = Results.model_validate_json(read_file(folder / "results.json"))
    except ValidationError:
        raise UserError(f"{escaped(str(folder))}/results.json holds no results of visits") from None
    if results.draw_sha256 != sha256(content):
        raise UserError(f"{escaped(str(folder))}: results.json is of another draw than draw.json")
    left = {visit.outlet.code for visit in draw.visits}
    for one in results.outcomes:
        code = f"{one.courier}/{one.outlet}"
        if code not in left:
            raise UserError(f"{escaped(str(folder))}/results.json: {escaped(code)} was not drawn, or has two results")
        left.remove(code)
    return draw, results

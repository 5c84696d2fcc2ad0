"""`parcelward erase`: takes one person out of what is stored, and proves it."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from parcelward.cli.options import Kafka, settings_with
from parcelward.cluster.rewriting import require_stopped, rewriting, topic_settings
from parcelward.cluster.search import Search
from parcelward.contract.patterns import TOKEN_PATTERN
from parcelward.erasure.changelogs import changes, keys_of, newest_of
from parcelward.erasure.folders import drop_lines, drop_states, in_state, recorded_files, states_in
from parcelward.erasure.given import doubts, spellings_of
from parcelward.erasure.lines import line_reader
from parcelward.erasure.person import Person
from parcelward.erasure.remains import NUMBERS, Remains, in_changelog, on_topic
from parcelward.erasure.tokens import Values, tokenisers, tokens_of
from parcelward.errors import UserError
from parcelward.escaping import escaped, json_line
from parcelward.flow import FLOW
from parcelward.moments import CHINA, utc
from parcelward.replay.kept import KeptRecording, lines_in, note_erased
from parcelward.settings import Settings

BETWEEN = "between the stages; retention deletes it"
HANDED_OVER = (
    "what was handed over stays: 网络数据安全管理条例 第十二条 (3 years), 个人信息保护法 第四十七条 second paragraph"
)
OF_COURIER = "the courier's own record of acceptance; retention deletes it here"
CHECK_VALUE = (
    "check the value (a passport needs --country, and tokens need the key they were made with); somebody whose last "
    "record is gone is found nowhere, either"
)
NOBODY = f"nobody with these values was found, so nothing was erased: {CHECK_VALUE}"
_IS_TOKEN = re.compile(TOKEN_PATTERN).fullmatch


def erase(
    kafka: Kafka = None,
    token: Annotated[
        list[str] | None, typer.Option(help="A token as it is stored; may be given again.", show_default=False)
    ] = None,
    document: Annotated[bool, typer.Option("--document", help="Read a document number from standard input.")] = False,
    phone: Annotated[bool, typer.Option("--phone", help="Read a phone number from standard input.")] = False,
    name: Annotated[bool, typer.Option("--name", help="Read a name; it takes all who have it.")] = False,
    country: Annotated[
        str | None, typer.Option(help="Country that issued a passport, as couriers state it.", show_default=False)
    ] = None,
    recording: Annotated[
        list[Path] | None, typer.Option(help="A kept recording, too; may be given again.", show_default=False)
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="The values are meant so, even if they look like no document or phone.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Change nothing: say where a token still lies.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Take one person's tokens out of state, changelogs, this machine's state folder, and kept recordings.

    All workers must be stopped. Values come from standard input, a line each, in the order document, phone, name: never
    as arguments, which every user of a machine can read. Exit code 1: nobody was found; with --check also while a token
    still lies where it must not. docs/ops.md says what stays, and by which law.
    """
    settings = settings_with(kafka)
    makers = tokenisers(settings)
    values = _values(document, phone, name, country)
    if not as_given and (doubtful := list(doubts(values))):
        raise UserError(
            "; ".join(doubtful) + "; give a line each in the order document, phone, name, or --as-given if it is right"
        )
    tokens = {*(token or ()), *tokens_of(values, makers)}
    if wrong := [one for one in tokens if not _IS_TOKEN(one)]:
        raise UserError(f"--token: {len(wrong)} of them is no token; write it as k1.3q2-7wAAAAAAAAAAAAAAAA")
    if not tokens:
        raise UserError(
            "nobody was named: give --token, or --document, --phone or --name and the value on standard input"
        )
    person, folders = Person(frozenset(tokens)), recording or []
    is_of = line_reader(settings, person, makers, values)
    if check:
        raw = spellings_of(values)
        remains = _remains(settings, person, folders, is_of, raw)
        _report(sorted(remains, key=lambda one: (one.stays, one.place)), as_json, bool(raw))
        return
    held, done = _erase(settings, person, folders, is_of)
    if as_json:
        typer.echo(json_line(done))
    else:
        for what, count in done.items():
            typer.echo(f"{count} {what}")
        after = "`parcelward erase --check` says when compaction has taken the last of it" if held else NOBODY
        typer.echo(f"start the workers again; {after}" if held else after)
    raise typer.Exit(0 if held else 1)


def _values(document: bool, phone: bool, name: bool, country: str | None) -> Values:
    """Read a line for each value that was announced."""
    given = [sys.stdin.readline().strip() or None if wanted else None for wanted in (document, phone, name)]
    for wanted, value, option in zip((document, phone, name), given, ("document", "phone", "name"), strict=True):
        if wanted and value is None:
            raise UserError(f"--{option}: standard input has no line for it")
    of_document, of_phone, of_name = given
    return Values(of_document, of_phone, of_name, country)


def _erase(
    settings: Settings, person: Person, folders: list[Path], is_of: Callable[[bytes], bool]
) -> tuple[bool, dict[str, int]]:
    """Erase, and tell whether the person was found anywhere, and what was done."""
    require_stopped(settings)
    done = {"states dropped from this machine's folder, to be filled again": 0}
    held = any(in_state(path, person) for path in _states(settings))
    if settings.state_dir is not None:
        done = dict.fromkeys(done, drop_states(settings.state_dir))
    rewritten = deleted = 0
    with Search(settings, person.needles) as search:
        for number in range(settings.partitions):
            with rewriting(settings, number) as send:
                for stage in FLOW:
                    for change in changes(person, search, settings.topics.changelog(stage.name), number):
                        send(change)
                        rewritten, deleted = rewritten + (change.value is not None), deleted + (change.value is None)
    done |= {"records of the state written anew": rewritten, "profiles deleted": deleted, "recorded lines dropped": 0}
    for folder in folders:
        KeptRecording(folder, settings)  # or it says why not
        for path in recorded_files(folder):
            if gone := drop_lines(path, is_of):
                note_erased(folder, gone)
                done["recorded lines dropped"] += gone
    return held or bool(rewritten or deleted or done["recorded lines dropped"]), done


def _states(settings: Settings) -> list[Path]:
    return [] if settings.state_dir is None else states_in(settings.state_dir)


def _remains(
    settings: Settings, person: Person, folders: list[Path], is_of: Callable[[bytes], bool], raw: set[bytes]
) -> Iterator[Remains]:
    topics, tokens = settings.topics, [token.encode() for token in person.tokens]
    changelogs = [topics.changelog(stage.name) for stage in FLOW]
    handed_over = (topics.alerts, topics.cases, topics.decisions, topics.refused_decisions)
    others = dict.fromkeys(topics.between, (BETWEEN, False)) | dict.fromkeys(handed_over, (HANDED_OVER, True))
    for courier in settings.couriers:
        others |= {topics.intake(courier): (OF_COURIER, True), topics.rejected(courier): (OF_COURIER, True)}
    told_by = [*tokens, *raw]  # couriers' topics hold values; no other one does
    config = topic_settings(settings, [*changelogs, *others], NUMBERS)
    with Search(settings, person.needles, committed=False) as search, Search(settings, ()) as committed:
        for topic in changelogs:
            for number in range(search.partitions(topic)):
                found = search.find(topic, [number])
                newest = newest_of(committed, topic, number, keys_of(person, found))
                yield from in_changelog(person, found, newest, config.get(topic, {}))
        for topic, (why, stays) in others.items():
            for number in range(search.partitions(topic)):
                if told := search.find(topic, [number], told_by if why is OF_COURIER else tokens):
                    yield on_topic(told, config.get(topic, {}), why, stays)
    yield from _in_files(settings, person, folders, is_of)


def _in_files(
    settings: Settings, person: Person, folders: list[Path], is_of: Callable[[bytes], bool]
) -> Iterator[Remains]:
    for path in _states(settings):
        if held := in_state(path, person):
            yield Remains(str(path), held, None, "state folder of a worker; run `parcelward erase` on this machine")
    for folder in folders:
        for path in recorded_files(folder):
            if held := sum(map(is_of, lines_in(path))):
                yield Remains(str(path), held, None, "a kept recording; run `parcelward erase --recording` with it")


def _report(remains: list[Remains], as_json: bool, by_value: bool) -> None:
    left = [one for one in remains if not one.stays]
    if as_json:
        typer.echo(
            json_line(
                {
                    "gone": bool(remains) and not left,
                    "found": bool(remains),
                    "remains": [_plain(one) for one in remains],
                }
            )
        )
    else:
        for one in remains:
            until = "" if one.until_ms is None else f", until {_time(one.until_ms)} at the latest"
            word = "stays" if one.stays else "still there"
            typer.echo(escaped(f"{word}: {one.place}, {one.records}{until}: {one.why}"))
        if not by_value:
            typer.echo("not looked for: values in intake and refused records, because only tokens were given")
        if not remains:
            typer.echo(f"found nowhere: {CHECK_VALUE}")
        elif not left:
            typer.echo("gone: no state, changelog, recording or topic between the stages holds it")
    raise typer.Exit(0 if remains and not left else 1)


def _plain(one: Remains) -> dict[str, object]:
    return one._asdict() | {"until": None if one.until_ms is None else _time(one.until_ms)}


def _time(at_ms: int) -> str:
    return utc(at_ms).astimezone(CHINA).isoformat(timespec="seconds")

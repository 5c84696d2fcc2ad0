"""The page of all topics: one HTML file that loads nothing, made from the AsyncAPI document and the schemas."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from parcelward.channels.channel import ROLES, Channel, channels
from parcelward.channels.document import NAME as DOCUMENT
from parcelward.contract.schema_files import ADDED, BINARY, MESSAGES, FieldRow, Message, rows_of, schema_of
from parcelward.moments import DAY_MS, MINUTE_MS

NAME = "topics.html"
TITLE = "Parcelward: every topic"
_TEMPLATE = Path(__file__).with_name("page.html")
_MIB = 1024 * 1024
_WRITES, _READS = "writes", "reads"
_CONSTANT = '"'
"""So begins the type of a field that has one value."""


def build_page(document: Mapping[str, Any]) -> str:
    """Write the page of a document."""
    found = channels()
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(TITLE),
        contents="\n".join(_contents(found)),
        about="\n".join(_paragraph(text) for text in document["info"]["description"].split("\n\n"))
        + f'\n<p class="quiet"><a href="{DOCUMENT}">AsyncAPI {document["asyncapi"]}</a> for tools ·'
        ' <a href="README.md">the tables of fields, and every reason of a refusal</a></p>',
        rights=_rights(found),
        topics="\n".join(_section(channel, document) for channel in found),
    )


def _contents(found: Iterable[Channel]) -> Iterator[str]:
    for inner, words in ((False, "Topics of the contract"), (True, "Topics of the workers alone")):
        links = "".join(
            f'<li><a href="#{escape(one.id)}"><code>{_address(one)}</code></a></li>'
            for one in found
            if one.is_inner is inner
        )
        yield f"<p>{words}</p><ul>{links}</ul>"
    yield '<p><a href="#rights">Who may do what</a></p>'


def _address(channel: Channel) -> str:
    return escape(channel.address)


def _rights(found: Iterable[Channel]) -> str:
    heads = "".join(f"<th><code>{escape(role.user)}</code></th>" for role in ROLES)
    rows = "".join(
        f'<tr><td><a href="#{escape(one.id)}"><code>{_address(one)}</code></a></td>'
        + "".join(f'<td data-user="{escape(role.user)}">{_chips(one, role.name)}</td>' for role in ROLES)
        + "</tr>"
        for one in found
    )
    meanings = "".join(f"<dt><code>{escape(role.user)}</code></dt><dd>{escape(role.meaning)}</dd>" for role in ROLES)
    table = f'<table class="rights"><thead><tr><th>topic</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<dl>{meanings}</dl><div class="wide">{table}</div>'


def _chips(channel: Channel, role: str) -> str:
    return " ".join(
        f'<span class="{verb}">{verb}</span>'
        for verb, roles in ((_WRITES, channel.writers), (_READS, channel.readers))
        if role in roles
    )


def _section(channel: Channel, document: Mapping[str, Any]) -> str:
    of_channel = document["channels"][channel.id]
    binding = of_channel["bindings"]["kafka"]
    facts = {
        "written by": _users(channel.writers),
        "read by": _users(channel.readers),
        "key": _keys(channel),
        "kept": escape(_kept(binding["topicConfiguration"])),
        "partitions": str(binding["partitions"]),
    }
    rows = "".join(f"<dt>{word}</dt><dd>{fact}</dd>" for word, fact in facts.items())
    messages = "".join(_message(message, document) for message in channel.messages)
    head = f'<h2 id="{escape(channel.id)}"><code>{_address(channel)}</code></h2>'
    return f"<section>{head}{_paragraph(channel.meaning)}<dl>{rows}</dl>{messages}</section>"


def _users(names: Iterable[str]) -> str:
    users = {role.name: role.user for role in ROLES}
    return ", ".join(f"<code>{escape(users[name])}</code>" for name in names) or "nobody"


def _keys(channel: Channel) -> str:
    named: dict[str, list[str]] = {}
    for message in channel.messages:
        if message.carried != BINARY:
            named.setdefault(message.key, []).append(message.name)
    if len(named) < 2:
        return escape("".join(named)) or "for workers alone"
    return escape("; ".join(f"{key} ({', '.join(names)})" for key, names in named.items()))


def _kept(configuration: Mapping[str, Any]) -> str:
    words = []
    if configuration["cleanup.policy"] == ["compact"]:
        words.append("the newest record of each key")
    elif (kept := configuration.get("retention.ms")) is not None:
        days = timedelta(milliseconds=kept) // timedelta(days=1)
        words.append(f"{days} days" if kept >= DAY_MS else f"{kept // MINUTE_MS} minutes")
    if (largest := configuration.get("max.message.bytes")) is not None:
        words.append(f"records up to {largest // _MIB} MiB")
    if configuration.get("message.timestamp.type") == "LogAppendTime":
        words.append("stamped by the brokers")
    return "; ".join(words)


def _message(message: Message, document: Mapping[str, Any]) -> str:
    said = document["components"]["messages"][message.name]
    kind = f"<code>{escape(message.type)}</code> · " if message.type else ""
    head = f"<h3>{escape(said['title'])}</h3>" + f'<p class="quiet">{kind}{_inline(said["summary"])}</p>'
    return head + _paragraph(said["description"]) + _fields(message) + _examples(said.get("examples", ()))


def _fields(message: Message) -> str:
    if message.carried == BINARY:
        whole = next(one for one in MESSAGES if f"{one.name}.data" == message.name)
        return f'<p class="quiet">Its fields are those of <code>data</code> in {escape(whole.name)}.</p>'
    rows = "".join(map(_field, rows_of(schema_of(message))))
    heads = "<thead><tr><th>field</th><th>type</th><th>meaning</th></tr></thead>"
    table = f'<table class="fields">{heads}<tbody>{rows}</tbody></table>'
    word = "Headers" if message.carried == ADDED else "Fields"
    return f"<details><summary>{word}</summary><div>{table}</div></details>"


def _field(row: FieldRow) -> str:
    must = ' <span class="must">required</span>' if row.required else ""
    unit = f" ({row.unit})" if row.unit else ""
    kind, _, values = row.type.partition("one of ")
    meaning = _inline(row.description) + (f' <span class="values">{escape(values)}</span>' if values else "")
    return (
        f"<tr><td><code>{escape(row.path)}</code>{must}</td><td>{escape(kind or 'one of these') + escape(unit)}</td>"
        f"<td>{meaning}{'' if kind.startswith(_CONSTANT) else _shown(row.example)}</td></tr>"
    )


def _shown(example: Any) -> str:
    if isinstance(example, dict | list):
        return ""
    return f' <code class="example">{escape(json.dumps(example, ensure_ascii=False))}</code>'


def _examples(examples: Sequence[Mapping[str, Any]]) -> str:
    if not examples:
        return ""
    shown = "".join(f"<h4>{escape(example['name'])}</h4><pre>{_example(example)}</pre>" for example in examples)
    return f"<details><summary>Example{'s' * (len(examples) > 1)}</summary><div>{shown}</div></details>"


def _example(example: Mapping[str, Any]) -> str:
    parts = {word: example[word] for word in ("headers", "payload") if word in example}
    shown = parts if len(parts) > 1 else next(iter(parts.values()))
    return escape(json.dumps(shown, ensure_ascii=False, indent=2), quote=False)


def _paragraph(text: str) -> str:
    return f"<p>{_inline(text)}</p>"


def _inline(text: str) -> str:
    """Text with `code` between backticks."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))

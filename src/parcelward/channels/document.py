"""The AsyncAPI 3.1 document of all topics."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from parcelward.channels.channel import COURIER, ROLES, Channel, Role, channels, groups
from parcelward.channels.messages import BINDING, INNER, cloudevent_headers, components
from parcelward.contract.fields import CourierCode
from parcelward.settings import Settings

VERSION = "3.1.0"
NAME = "asyncapi.json"
_ABOUT = """\
Parcelward screens courier shipments at acceptance. Couriers send events and answers, the platform reads alerts and \
decides, workers do the rest. This document is generated from the code: `make schemas`.

Every message is a CloudEvent 1.0. Couriers and the platform may send it structured (one JSON object) or in binary \
mode (attributes as `ce_*` headers, the data as the value). Parcelward itself sends binary mode.

Addresses are those without a prefix; the setting `topic_prefix` puts one before each topic and each group. The number \
of partitions is the default of the setting `partitions`. Operations are the rights that `deploy/kafka/provision.py` \
gives: whatever is not here is denied. The user `admin`, who makes topics and users, may do everything.

The schemas are JSON Schema 2020-12. AsyncAPI builds on draft-07, which reads them alike."""
_OF_THE_CLUSTER = ("min.insync.replicas",)
"""Follows from the number of copies, which each installation chooses."""
_VERBS = {"send": "writes", "receive": "reads"}


def build_document(examples: Path) -> dict[str, Any]:
    """The whole document; `examples` is the folder of the examples, which may be missing."""
    found = channels()
    schemes = {
        role.name: {"type": "scramSha512", "description": f"{role.meaning} User `{role.user}`."} for role in ROLES
    }
    return {
        "asyncapi": VERSION,
        "info": {"title": "Parcelward", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {channel.id: _channel(channel) for channel in found},
        "operations": dict(_operations(found)),
        "components": {
            "messages": components(examples),
            "schemas": {"cloudevent-headers": cloudevent_headers()},
            "securitySchemes": schemes,
        },
    }


def _server() -> dict[str, Any]:
    kafka = Settings.model_fields["kafka"]
    return {
        "host": "{brokers}",
        "protocol": "kafka-secure",
        "description": "Kafka: SASL with SCRAM-SHA-512 over TLS; deploy/ shows one.",
        "variables": {"brokers": {"default": kafka.default, "description": kafka.description}},
        "security": [_scheme(role.name) for role in ROLES],
        "bindings": {"kafka": {"bindingVersion": BINDING}},
    }


def _scheme(role: str) -> dict[str, str]:
    return {"$ref": f"#/components/securitySchemes/{role}"}


def _channel(channel: Channel) -> dict[str, Any]:
    names = [message.name for message in channel.messages] or [INNER]
    out: dict[str, Any] = {
        "address": channel.address,
        "description": channel.meaning,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }
    if COURIER in channel.address:
        code = TypeAdapter(CourierCode).json_schema()
        out["parameters"] = {"courier": {"description": code["description"], "examples": code["examples"]}}
    configuration: dict[str, Any] = {"cleanup.policy": [channel.plan.config.get("cleanup.policy", "delete")]}
    for name, value in sorted(channel.plan.config.items()):
        if name not in (*_OF_THE_CLUSTER, "cleanup.policy"):
            configuration[name] = int(value) if value.isdigit() else value
    binding = {
        "partitions": channel.plan.partitions,
        "topicConfiguration": configuration,
        "bindingVersion": BINDING,
    }
    return out | {"tags": [{"name": "inner" if channel.is_inner else "contract"}], "bindings": {"kafka": binding}}


def _operations(found: list[Channel]) -> Iterator[tuple[str, dict[str, Any]]]:
    joined = groups()
    for role in ROLES:
        for channel in found:
            for action, roles in (("send", channel.writers), ("receive", channel.readers)):
                if role.name in roles:
                    group = joined.get(role.name) if action == "receive" else None
                    yield f"{role.name}-{action}s-{channel.id}", _operation(role, action, channel, group)


def _operation(role: Role, action: str, channel: Channel, group: str | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.id}"},
        "summary": f"{role.user} {_VERBS[action]} {channel.address}",
        "tags": [{"name": role.name}],
        "security": [_scheme(role.name)],
    }
    if group is not None:
        out["bindings"] = {"kafka": {"groupId": _group(group), "bindingVersion": BINDING}}
    return out


def _group(name: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": [name]} if COURIER not in name else {"type": "string", "description": name}

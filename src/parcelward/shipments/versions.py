"""Settles which of several events of one type stands on a waybill. Their order does not matter.

Events that correct one another, and events that say the same under different ids, are one *chain*: one thing that was
done, told more than once. Its newest correction says what is so; when it was done, its first event says. Of several
chains the earliest real name stands, since a waybill has one sender, and the latest inspection. A chain that begins
with the correction of an event that is not known gives way to any other. What the others say is not lost: `standing`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from parcelward.shipments.shipment import Version

KEPT = 24
"""Versions of one type kept per waybill. Of more, chains that stand least and versions in the midst of one go."""
GRAVE_KEPT = 4
"""Chains that do not stand and found something for which there is always room."""


class Chain(NamedTuple):
    """One thing that was done: the version that says what, and time (epoch ms), arrival, identity of its first one."""

    tip: Version
    event_ms: int
    arrival_ms: int
    identity: bytes
    orphan: bool
    versions: Sequence[Version]


class Settled(NamedTuple):
    """All chains, first the one that stands; those that contradict it; and the versions to keep."""

    chains: Sequence[Chain]
    contradicting: Sequence[Chain]
    versions: list[Version]


Gravity = tuple[int, ...]
"""The weight of what an event found, first, and then of what else it says against a parcel; zeros for nothing."""


def settle(versions: Sequence[Version], latest: bool, gravity_of: Callable[[Version], Gravity]) -> Settled:
    """Settle which chain stands, the latest or the earliest one. `versions` are of one type, at least one.

    Of two at the same time the graver one stands, whatever their identities are.
    """
    targets = _targets(versions)
    chains = _chains(versions, targets)
    gravity = {chain.identity: gravity_of(chain.tip) for chain in chains}
    sign = 1 if latest else -1
    order = sorted(
        chains,
        key=lambda one: (one.event_ms, [sign * part for part in gravity[one.identity]], one.identity),
        reverse=latest,
    )
    order.sort(key=lambda chain: chain.orphan)
    standing, *others = order
    contradicting = [
        chain
        for chain in others
        if chain.tip.says != standing.tip.says and (not latest or (chain.orphan and not standing.orphan))
    ]
    corrected = {target for target in targets.values() if target}
    grave = {identity for identity, found in gravity.items() if found[0]}
    return Settled(order, contradicting, _bounded(order, grave, targets, corrected))


def _targets(versions: Sequence[Version]) -> dict[bytes, bytes]:
    """Give for each identity that of the version which it corrects; empty where that is not known.

    The id that a correction names is one of its own source. If that is not known, another source's will do.
    """
    identities = {one.identity for one in versions}
    of_id: dict[str, list[bytes]] = defaultdict(list)
    for one in versions:
        of_id[one.event_id].append(one.identity)
    targets = {}
    for one in versions:
        target = one.corrects
        if target not in identities or target == one.identity:
            named = [
                identity for identity in of_id.get(one.corrects_id, ()) if one.corrects and identity != one.identity
            ]
            target = named[0] if len(named) == 1 else b""
        targets[one.identity] = target
    return targets


def _chains(versions: Sequence[Version], targets: Mapping[bytes, bytes]) -> list[Chain]:
    """Group versions that correct one another, and those that correct none and say the same."""
    group = {one.identity: one.identity for one in versions}

    def root(identity: bytes) -> bytes:
        while group[identity] != identity:
            identity = group[identity]
        return identity

    same: dict[int, bytes] = {}
    for one in versions:
        if targets[one.identity]:
            group[root(one.identity)] = root(targets[one.identity])
        elif not one.corrects:
            group[root(one.identity)] = root(same.setdefault(one.says, one.identity))
    members: dict[bytes, list[Version]] = defaultdict(list)
    for one in versions:
        members[root(one.identity)].append(one)
    corrected = {target for target in targets.values() if target}
    return [_chain(group_, corrected) for group_ in members.values()]


def _chain(versions: list[Version], corrected: set[bytes]) -> Chain:
    originals = sorted((one for one in versions if not one.corrects), key=lambda one: (one.event_ms, one.identity))
    corrections = [one for one in versions if one.corrects]
    live = [one for one in corrections if one.identity not in corrected] or [one for one in corrections if one.entry]
    tip = max(live, key=_newness) if live else (originals or corrections)[0]
    first = originals[0] if originals else tip
    arrival_ms = min(one.arrival_ms for one in originals or versions)
    return Chain(tip, first.event_ms, arrival_ms, first.identity, not originals, versions)


def _newness(one: Version) -> tuple[int, int, str, bytes]:
    """Order corrections of one event: by their times, then by their ids, which are often counted up."""
    return one.event_ms, len(one.event_id), one.event_id, one.identity


def _bounded(
    chains: Sequence[Chain], grave: set[bytes], targets: Mapping[bytes, bytes], corrected: set[bytes]
) -> list[Version]:
    """Keep a bounded number of versions, without the entries that have been corrected.

    They are of the chain that stands, then of those that found something, then of the others in their order. The ends
    of a few that found something have room of their own, so that no number of events can push them out.
    """
    kept: list[Version] = []
    standing, *others = chains
    others.sort(key=lambda chain: chain.identity not in grave)
    reserved = min(sum(chain.identity in grave for chain in others), GRAVE_KEPT)
    for chain in (standing, *others):
        inner = [one for one in chain.versions if one is not chain.tip and one.identity != chain.identity]
        ends = len(chain.versions) - len(inner)
        if chain is not standing:
            reserved = max(reserved - 1, 0)
        room = KEPT - len(kept) - ends - 2 * reserved
        if room < 0:
            break
        gone = {one.identity for one in sorted(inner, key=_newness)[: max(len(inner) - room, 0)]}
        kept += [
            _relinked(_lightened(one, one is not chain.tip and one.identity in corrected), targets, gone)
            for one in chain.versions
            if one.identity not in gone
        ]
    return kept


def _lightened(one: Version, entry_goes: bool) -> Version:
    return msgspec.structs.replace(one, entry=b"") if entry_goes and one.entry else one


def _relinked(one: Version, targets: Mapping[bytes, bytes], gone: set[bytes]) -> Version:
    """Let a version correct what the ones between have corrected, when these go."""
    target = targets[one.identity]
    if target not in gone:
        return one
    passed = {one.identity}
    while target in gone and target not in passed:
        passed.add(target)
        target = targets[target] or target
    return msgspec.structs.replace(one, corrects=target, corrects_id="")

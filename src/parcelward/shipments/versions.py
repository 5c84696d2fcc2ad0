"""Settles which of several events of one type stands on a waybill. Their order does not matter.

Events that correct one another, and events that say the same under different ids, are one *chain*: one thing that was
done, told more than once. Its newest correction says what is so; when it was done, its first event says. Of several
chains the earliest real name stands, since a waybill has one sender, and the latest inspection. A chain that begins
with the correction of an event that is not known gives way to any other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from parcelward.shipments.shipment import Version

KEPT = 24
"""Versions of one type kept per waybill. Of more, chains that stand least and versions in the midst of one go."""


class Chain(NamedTuple):
    """One thing that was done: the version that says what, and time (epoch ms), arrival, identity of its first one."""

    tip: Version
    event_ms: int
    arrival_ms: int
    identity: bytes
    orphan: bool
    versions: Sequence[Version]

    @property
    def rank(self) -> tuple[int, bytes]:
        """Order of chains in time."""
        return self.event_ms, self.identity


class Standing(NamedTuple):
    """The chain that stands, how many others contradict it, and the versions to keep."""

    standing: Chain
    conflicts: int
    versions: list[Version]


def standing_version(versions: Sequence[Version], latest: bool) -> Standing:
    """Give the chain that stands, the latest or the earliest one. `versions` are of one type, at least one."""
    targets = _targets(versions)
    chains = _chains(versions, targets)
    order = sorted(chains, key=lambda chain: chain.rank, reverse=latest)
    order.sort(key=lambda chain: chain.orphan)
    standing, *others = order
    contradicting = [
        chain
        for chain in others
        if chain.tip.says != standing.tip.says and (not latest or (chain.orphan and not standing.orphan))
    ]
    corrected = {target for target in targets.values() if target}
    return Standing(standing, len(contradicting), _bounded(order, targets, corrected))


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


def _bounded(chains: Sequence[Chain], targets: Mapping[bytes, bytes], corrected: set[bytes]) -> list[Version]:
    """Keep a bounded number of versions, of the first chains first, without the entries that have been corrected."""
    kept: list[Version] = []
    for chain in chains:
        inner = [one for one in chain.versions if one is not chain.tip and one.identity != chain.identity]
        room = KEPT - len(kept) - (len(chain.versions) - len(inner))
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

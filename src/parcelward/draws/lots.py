"""The lots: tickets ordered by their hashes. Nothing but SHA-256 and the comparison of texts, so any program agrees.

An outlet of weight w has w tickets, and the smallest of its hashes counts. That is weighted sampling without
replacement (Efraimidis and Spirakis 2006: the smallest of w even numbers is distributed as 1 - u^(1/w)), without any
logarithm.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from math import exp
from typing import NamedTuple


class Lot(NamedTuple):
    """The best ticket of an outlet. Lots are ordered by hash; the smaller one is drawn first."""

    hash: str
    code: str
    ticket: int


def lot_of(seed: str, period: str, code: str, tickets: int) -> Lot:
    """Find the best of an outlet's tickets, which are numbered from 1.

    >>> lot_of("00" * 32, "2026-12", "swift/HZ-01", 3)[1:]
    ('swift/HZ-01', 2)
    """
    start = sha256(f"{seed}|{period}|outlet|{code}|".encode())

    def hash_of(number: int) -> str:
        ticket = start.copy()
        ticket.update(b"%d" % number)
        return ticket.hexdigest()

    best, number = min((hash_of(number), number) for number in range(1, tickets + 1))
    return Lot(best, code, number)


def drawn(seed: str, period: str, tickets: Mapping[str, int], count: int) -> list[Lot]:
    """Draw `count` outlets, in the order in which they are drawn."""
    return sorted(lot_of(seed, period, code, number) for code, number in tickets.items())[:count]


def order_of_inspectors(seed: str, period: str, code: str, inspectors: Iterable[str]) -> list[str]:
    """Put inspectors in the order in which they are asked for the visit of an outlet."""
    start = sha256(f"{seed}|{period}|inspector|{code}|".encode())

    def hash_of(inspector: str) -> tuple[str, str]:
        ticket = start.copy()
        ticket.update(inspector.encode())
        return ticket.hexdigest(), inspector

    return sorted(inspectors, key=hash_of)


def chances(tickets: Mapping[str, int], count: int) -> dict[str, float]:
    """Estimate each outlet's chance of being among the `count` drawn: 1 - exp(-w t), t such that they sum to `count`.

    The chances of this draw have no closed form; for more than a few outlets this is close (Rosén 1997).
    """
    if count >= len(tickets):
        return dict.fromkeys(tickets, 1.0)
    low, high = 0.0, 1.0
    while sum(1 - exp(-number * high) for number in tickets.values()) < count:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if sum(1 - exp(-number * middle) for number in tickets.values()) < count:
            low = middle
        else:
            high = middle
    return {code: 1 - exp(-number * high) for code, number in tickets.items()}

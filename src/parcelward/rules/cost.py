"""The most work that a pack can make of one parcel, known before the first: nothing in an expression loops.

Every operation takes a time that is bounded, since features, literals and patterns are. So a pack needs no clock: a
limit on its size is a limit on its time, and a replay judges as the worker did, however slow the machine was.
"""

from collections.abc import Iterable

from parcelward.rules import regex
from parcelward.rules.check import MATCHES, Node

MAX_STEPS = 20_000
"""Steps of a whole pack; the built-in one has about 220.

A step is an operation (0.2 us) or an instruction of a pattern (8 us at worst, for a text of 200 Chinese characters that
is made to hurt; thousands of times less in practice). So no parcel takes longer than 0.2 s, whatever the pack.
"""


def steps(nodes: Iterable[Node]) -> int:
    """The most steps that evaluating these expressions on one row takes."""
    return sum(
        regex.steps(str(part.args[1].value)) if part.op == MATCHES else 1 for node in nodes for part in node.walk()
    )

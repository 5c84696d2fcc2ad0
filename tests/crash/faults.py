"""Faults at a step: of the process that makes it, of the answer, of the group."""

from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """Kinds of faults. BEFORE and AFTER: the effect of the step itself has not, or has come about."""

    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    CRASH_LATE = auto()  # the request is under way and is carried out after the crash, if nobody has fenced it
    ERROR_BEFORE = auto()  # the request fails
    ERROR_AFTER = auto()  # it is carried out, and its answer is lost
    ERROR_LATE = auto()  # its answer is lost, and it is carried out later
    STALL_BEFORE = auto()  # the process is paused, another takes over, then it goes on
    STALL_AFTER = auto()
    REBALANCE_BEFORE = auto()  # the group moves the partition in good order, and perhaps back
    REBALANCE_AFTER = auto()
    EXPIRE = auto()  # the broker ends the transaction, which took too long
    SLOW = auto()  # only slow


class Fault(NamedTuple):
    """One fault at one step (counted over the whole run).

    `pause`: steps of others until what was held up goes on; `patience_s`: seconds until it does when others make none.
    `back`: the partition is given back to the process that had it; `stay`: a rebalance leaves it where it was.
    """

    step: int
    kind: Kind
    pause: int = 5
    patience_s: float = 1.0
    back: bool = False
    stay: bool = False

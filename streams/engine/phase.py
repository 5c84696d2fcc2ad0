"""The phases of a partition between assignment and revocation, and the steps that are allowed between them."""

from enum import Enum, auto


class Phase(Enum):
    """One stage on one partition of this worker, on its way from assignment to revocation.

    TAKEN --> LOCATED --> RESTORED --> READY --> FENCED
      |          |            |          |          |
      +----------+------------+----------+----------+--> GIVEN_UP
    """

    TAKEN = auto()
    """Assigned to this worker; nothing of it is read yet."""
    LOCATED = auto()
    """Former owners are fenced: positions and the end of the changelog are known, and recovery reads up to it."""
    RESTORED = auto()
    """The state is that of the changelog's end, and the stage is rebuilt from it."""
    READY = auto()
    """The consumer reads from the committed positions: records are taken in, batches are delivered."""
    FENCED = auto()
    """Another worker has the partition, and the group will say so: nothing more is delivered."""
    GIVEN_UP = auto()
    """Ended: whatever comes of a batch in work changes nothing here any more."""


ENTERED_FROM = {
    Phase.LOCATED: {Phase.TAKEN},
    Phase.RESTORED: {Phase.LOCATED},
    Phase.READY: {Phase.RESTORED},
    Phase.FENCED: {Phase.READY},
    Phase.GIVEN_UP: set(Phase) - {Phase.GIVEN_UP},
}


class PhaseError(Exception):
    """A step of the delivery protocol was made out of its order; nothing was changed."""

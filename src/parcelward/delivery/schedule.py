"""Times of the attempts: twelve over three days, with an exponential back-off and some chance."""

HOUR_S = 3600.0
DELAYS_S = (0.0, 5.0, 30.0, 300.0, 1800.0, *(hours * HOUR_S for hours in (1, 2, 5, 10, 14, 20, 24)))
"""Pause before each attempt, after the one before: the specification's ten, and two more early ones (30 s, 1 h)."""
ATTEMPTS = len(DELAYS_S)
JITTER = 0.2
"""A pause is up to so much longer, by chance: receivers that fell together need not be asked together."""
EARLY_S = 60.0
LONGEST_KNOCK_S = 300.0
EARLY_PART = 8


def pause_s(attempts: int, chance: float) -> float:
    """Seconds until the next attempt after so many; `chance` is from 0 to 1.

    >>> pause_s(1, 0.0), pause_s(3, 0.5)
    (5.0, 330.0)
    """
    return DELAYS_S[attempts] * (1 + JITTER * chance)


def early_pause_s(tried_for_s: float) -> float:
    """Least pause before an early try, when there is reason to think that the receiver is back.

    It grows with the time for which a record has been tried: one that breaks its receiver is not sent all the time.
    """
    return max(EARLY_S, tried_for_s / EARLY_PART)

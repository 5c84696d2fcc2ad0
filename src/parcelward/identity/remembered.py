"""Results for values that come again and again, such as operators' documents, without the values themselves."""

from collections.abc import Callable
from typing import Generic, TypeVar

REMEMBERED = 65_536

Result = TypeVar("Result")


class Remembered(Generic[Result]):
    """Bounded cache of what a function gives for a text.

    Its keys are Python's own hashes of the texts: 64 bits under a secret of this process. The texts themselves are not
    kept. Whoever can read this memory can read the token key as well.
    """

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[str], Result]) -> None:
        self._make = make
        self._known: dict[int, Result] = {}

    def of(self, value: str) -> Result:
        """Return what `make` gives for the value."""
        known, mark = self._known, hash(value)
        if mark in known:
            return known[mark]
        if len(known) >= REMEMBERED:
            known.clear()
        known[mark] = result = self._make(value)
        return result

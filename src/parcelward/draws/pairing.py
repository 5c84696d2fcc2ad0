"""Two inspectors for each visit, by lot: nobody with a conflict of interest, nobody overloaded.

The rule is one sentence, so that a second program agrees: go through the visits in the order drawn, and for each
through the inspectors in the order of their hashes; take one if all visits can still get their two afterwards.
"""

from collections.abc import Mapping, Sequence

from parcelward.draws.announcement import PER_VISIT

Pairs = dict[str, tuple[str, ...]]


def paired(asked: Mapping[str, Sequence[str]], most_visits: int) -> Pairs:
    """Give each visit its two inspectors, in the order in which they were taken; () where no two can be found.

    `asked` has the visits in the order drawn, and for each the inspectors without a conflict, in the order of their
    hashes. A visit that comes earlier is never left without so that a later one gets two.
    """
    staffing = _Staffing(asked, most_visits)
    possible = [visit for visit in asked if staffing.add(visit)]
    for visit in possible:
        for _ in range(PER_VISIT):
            next(one for one in asked[visit] if staffing.fix(visit, one))
    return {visit: tuple(staffing.fixed[visit]) for visit in asked}


class _Staffing:
    """Some way to give each visit its two, which is rearranged when one of them is fixed (augmenting paths)."""

    def __init__(self, asked: Mapping[str, Sequence[str]], most_visits: int) -> None:
        self._asked, self._most = asked, most_visits
        self._taken: dict[str, set[str]] = {visit: set() for visit in asked}
        self._visits: dict[str, set[str]] = {one: set() for others in asked.values() for one in others}
        self.fixed: dict[str, list[str]] = {visit: [] for visit in asked}

    def add(self, visit: str) -> bool:
        """Find two for a further visit, whatever the others must exchange for it; False leaves all as it was."""
        before = {one: set(others) for one, others in self._taken.items()}
        if all(self._find_one_for(visit) for _ in range(PER_VISIT)):
            return True
        self._restore(before)
        return False

    def fix(self, visit: str, inspector: str) -> bool:
        """Take this inspector for good, if all visits can still get their two; False leaves all as it was."""
        if inspector in self.fixed[visit]:
            return False
        if inspector not in self._taken[visit] and not self._exchange(visit, inspector):
            return False
        if inspector not in self.fixed[visit]:
            self.fixed[visit].append(inspector)
        return True

    def _exchange(self, visit: str, inspector: str) -> bool:
        before = {one: set(others) for one, others in self._taken.items()}
        self._drop(visit, next(one for one in sorted(self._taken[visit]) if one not in self.fixed[visit]))
        if len(self._visits[inspector]) < self._most:
            self._take(visit, inspector)
            return True
        free = [one for one in sorted(self._visits[inspector]) if inspector not in self.fixed[one]]
        if free:
            self._drop(free[0], inspector)
            self._take(visit, inspector)
            self.fixed[visit].append(inspector)
            if self._find_one_for(free[0]):
                return True
            self.fixed[visit].pop()
        self._restore(before)
        return False

    def _find_one_for(self, start: str) -> bool:
        """Find a further inspector for a visit; others that are not fixed may be exchanged along the way."""
        came: dict[str, str] = {}  # inspector, the visit that would take it
        gives: dict[str, str] = {}  # visit, the inspector that it would give away
        queue = [start]
        for visit in queue:
            for inspector in self._asked[visit]:
                if inspector in self._taken[visit] or inspector in came:
                    continue
                came[inspector] = visit
                if len(self._visits[inspector]) < self._most:
                    self._apply(inspector, start, came, gives)
                    return True
                for other in sorted(self._visits[inspector]):
                    if other != start and other not in gives and inspector not in self.fixed[other]:
                        gives[other] = inspector
                        queue.append(other)
        return False

    def _apply(self, inspector: str, start: str, came: Mapping[str, str], gives: Mapping[str, str]) -> None:
        visit = came[inspector]
        self._take(visit, inspector)
        while visit != start:
            given = gives[visit]
            self._drop(visit, given)
            visit = came[given]
            self._take(visit, given)

    def _take(self, visit: str, inspector: str) -> None:
        self._taken[visit].add(inspector)
        self._visits[inspector].add(visit)

    def _drop(self, visit: str, inspector: str) -> None:
        self._taken[visit].remove(inspector)
        self._visits[inspector].remove(visit)

    def _restore(self, taken: dict[str, set[str]]) -> None:
        self._taken = taken
        for visits in self._visits.values():
            visits.clear()
        for visit, others in taken.items():
            for one in others:
                self._visits[one].add(visit)

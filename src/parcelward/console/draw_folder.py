"""Draws of outlets by lot, read from the files that `parcelward draw` writes: announced, drawn, results."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from parcelward.draws.announcement import Announcement, sha256
from parcelward.draws.draw import Draw, differences, read_announcement, read_draw
from parcelward.draws.lists import read_file
from parcelward.draws.visits import PROBLEM, Results
from parcelward.errors import UserError

MOST_FILES = 500
DEPTH = 3
"""Folders below each other that are looked into."""
NUMBER = 16
"""Digits of a draw's hash by which a page names it."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A draw that was read, and what does not follow from its announcement when it is drawn again; mostly nothing."""

    sha256: str
    draw: Draw
    differences: tuple[str, ...]

    @property
    def number(self) -> str:
        """Name it in an address."""
        return self.sha256[:NUMBER]


@dataclass(frozen=True, slots=True)
class DrawFiles:
    """One announcement and what came of it. `is_announced`: its own file is there, and not only that of the draw."""

    sha256: str
    announcement: Announcement
    is_announced: bool
    drawn: Repeated | None
    results: Results | None

    @property
    def visits_are_over(self) -> bool:
        """Tell whether the list of those who were drawn may be public: the results are there."""
        return self.results is not None

    @property
    def with_problem(self) -> int:
        """Count the visits that found something wrong."""
        return sum(one.result in PROBLEM for one in self.results.outcomes) if self.results else 0

    def is_missing_results(self, today: date) -> bool:
        """Tell whether the period is over, and nobody has written results."""
        return self.results is None and today > self.announcement.last_day


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds, the newest period first; `problems` name files that cannot be read."""

    draws: tuple[DrawFiles, ...]
    problems: tuple[str, ...]


def draws_in(folder: Path) -> Folder:
    """Read the draws of a folder. A file that cannot be read is a problem, and no failure."""
    announcements: dict[str, Announcement] = {}
    draws: dict[str, Repeated] = {}
    results: dict[str, Results] = {}
    problems: list[str] = []
    for path in _files(folder):
        try:
            stamp = path.stat()
            found = _read(path, stamp.st_mtime_ns, stamp.st_size)
        except OSError as error:
            problems.append(f"{path.name}: {error.strerror}")
        except UserError as error:
            problems.append(str(error))
        else:
            match found:
                case (str(name), Announcement() as announcement):
                    announcements[name] = announcement
                case Repeated():
                    draws[found.sha256] = found
                case Results():
                    results[found.draw_sha256] = found
    return Folder(tuple(_joined(announcements, draws, results)), tuple(problems))


def _files(folder: Path) -> list[Path]:
    patterns = ["*/" * depth + f"{name}.json" for depth in range(DEPTH) for name in ("announcement", "draw", "results")]
    return sorted(path for pattern in patterns for path in folder.glob(pattern))[:MOST_FILES]


@lru_cache(maxsize=MOST_FILES)
def _read(path: Path, _changed_ns: int, _size: int) -> tuple[str, Announcement] | Repeated | Results:
    """Read a file once; a large draw takes a second to be repeated. Raises UserError."""
    content = read_file(path)
    match path.stem:
        case "announcement":
            return sha256(content), read_announcement(content, path.name)
        case "draw":
            draw = read_draw(content, path.name)
            return Repeated(sha256(content), draw, tuple(differences(content, draw)))
    try:
        return Results.model_validate_json(content)
    except ValidationError:
        raise UserError(f"{path.name} holds no results of visits") from None


def _joined(
    announcements: dict[str, Announcement], draws: dict[str, Repeated], results: dict[str, Results]
) -> Iterator[DrawFiles]:
    of_draws = [
        DrawFiles(rests_on, one.draw.announcement, rests_on in announcements, one, results.get(name))
        for name, one in draws.items()
        for rests_on in [one.draw.announcement_sha256]
    ]
    drawn = {one.sha256 for one in of_draws}
    alone = [DrawFiles(name, one, True, None, None) for name, one in announcements.items() if name not in drawn]
    yield from sorted([*of_draws, *alone], key=lambda one: (one.announcement.first_day, one.sha256), reverse=True)

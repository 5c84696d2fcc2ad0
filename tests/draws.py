"""Builders of a draw's lists and files, for tests."""

from datetime import date
from pathlib import Path
from typing import Any

from parcelward.draws.announcement import Announcement, Commitment, Exclusion, Outlet, PublicValue, Tier, sha256

SHARES = ("1" * 64, "2" * 64)
PUBLIC = "03 08 16 21 27 30 + 11"
ENTERS = "3 8 16 21 27 30 11"
"""What of the public value enters the seed."""
LOTTERY = PublicValue(source="双色球第2026140期", on=date(2026, 11, 29), form="numbers", count=7)
FIRST_DAY = date(2026, 12, 1)
PLAN = """\
authority = "某市邮政管理局"
period = "2026-12"
announced_on = 2026-11-23
first_day = 2026-12-01
last_day = 2026-12-31
outlets = "outlets.csv"
inspectors = "inspectors.csv"
exclusions = "exclusions.csv"
visits = 2
most_visits = 2
public = { source = "双色球第2026140期", on = 2026-11-29, form = "numbers", count = 7 }
"""
OUTLETS = """\
courier,outlet,tier,last_visit
swift,HZ-01,A,2026-10-20
swift,HZ-02,D,2026-03-01
orient,SH-01,B,
orient,SH-02,C,2025-11-02
"""
INSPECTORS = "inspector\nI-01\nI-02\nI-03\nI-04\n"
EXCLUSIONS = "inspector,courier,outlet,reason\nI-01,swift,,former_employer\nI-02,orient,SH-01,relative\n"


def files(folder: Path, **changed: str) -> Path:
    """Write a plan and its lists; returns the plan's path."""
    texts = {"plan.toml": PLAN, "outlets.csv": OUTLETS, "inspectors.csv": INSPECTORS, "exclusions.csv": EXCLUSIONS}
    texts |= {f"{name}.toml" if name == "plan" else f"{name}.csv": text for name, text in changed.items()}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder / "plan.toml"


def outlet(code: str, tier: Tier = "A", last_visit: date | None = None) -> Outlet:
    """An outlet on the roll, by courier and code."""
    courier, _, name = code.partition("/")
    return Outlet(courier=courier, outlet=name, tier=tier, last_visit=last_visit)


def announcement(**changes: Any) -> Announcement:
    """A sound announcement."""
    values: dict[str, Any] = {
        "format": "parcelward-draw-1",
        "authority": "某市邮政管理局",
        "period": "2026-12",
        "announced_on": date(2026, 11, 23),
        "first_day": FIRST_DAY,
        "last_day": date(2026, 12, 31),
        "visits": 3,
        "most_visits": 2,
        "tickets": {"A": 1, "B": 2, "C": 4, "D": 8},
        "most_months": 12,
        "shares": tuple(
            Commitment(holder=f"holder {number}", sha256=sha256(text.encode())) for number, text in enumerate(SHARES)
        ),
        "public": LOTTERY,
        "outlets": tuple(outlet(f"swift/HZ-{number:02}") for number in range(10)),
        "inspectors": tuple(f"I-{number:02}" for number in range(6)),
        "exclusions": (Exclusion(inspector="I-00", courier="swift", outlet="HZ-00"),),
        "files": {},
    }
    return Announcement(**(values | changes))

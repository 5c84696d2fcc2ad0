"""The figures of one run of the benchmark: printed, written, and compared with those committed for the same data."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from parcelward.errors import UserError

RESULTS = Path(__file__).parent / "results"
TOP_LEVEL = {  # figure: whether more is better
    "events_per_cpu_second": True,
    "events_per_second": True,
    "bytes_per_key": False,
    "share_of_a_core_at_1000": False,
    "p50_alert_ms": False,
    "p99_alert_ms": False,
    "p99.9_alert_ms": False,
    "restore_records_per_second": True,
    "failover_seconds": False,
    "rules_100_over_10": False,
}


class DifferentDataError(UserError):
    """Two results were measured on different events and say nothing about each other."""


def machine() -> dict[str, Any]:
    """Describe the machine of the figures; `load` is what others did just before."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "parcelward": version("parcelward"),
        "load": round(os.getloadavg()[0], 1),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def committed(data: str, folder: Path = RESULTS) -> dict[str, Any] | None:
    """The committed result for the data with this hash; None when there is none."""
    path = folder / f"{data}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def ratios(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, float]:
    """Each figure that both have as a multiple of what it was. Raises DifferentDataError when the data differ."""
    if now["data"]["hash"] != before["data"]["hash"]:
        raise DifferentDataError(
            f"these figures are of data {now['data']['hash']}, those to compare with of {before['data']['hash']}; "
            "run the benchmark on the same events (EVENTS=, and the simulator as it was then)"
        )
    return {
        name: round(now[name] / before[name], 3) for name in TOP_LEVEL if now.get(name) is not None and before.get(name)
    }


def write(figures: Mapping[str, Any], target: Path) -> None:
    """Write the figures as JSON."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def show(figures: Mapping[str, Any], compared: Mapping[str, float], before: Mapping[str, Any] | None) -> None:
    """Print the figures, best known first, and beside them how they stand to the committed ones."""
    print()
    for name in TOP_LEVEL:
        if figures.get(name) is None:
            continue
        beside = ""
        if name in compared:
            better = (compared[name] >= 1) == TOP_LEVEL[name]
            beside = f"  x {compared[name]:.2f} of the committed result ({'better' if better else 'worse'})"
        print(f"  {name:28}{figures[name]:>14,}{beside}")
    shares = figures.get("share_of_cpu")
    if shares:
        print("\n  share of the worker's CPU (a run of its own, sampled)")
        for name, share in sorted(shares.items(), key=lambda item: -item[1]):
            print(f"    {name:26}{share:>8.1%}")
    data = figures["data"]
    print(
        f"\n  data {data['hash']}: {data['events']:,} events, {data['refused']:,} of them refused, "
        f"{data['waybills']:,} waybills"
    )
    if before is None:
        print("  no result is committed for these data, so nothing was compared")
    else:
        print(f"  compared with the result of {before['machine']['date']}")

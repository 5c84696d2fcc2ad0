"""Break a real installation until the page arrives, mend it until it is resolved: `python -m tests.drill_pages`.

Prometheus and Alertmanager are those of Debian's packages `prometheus` and `prometheus-alertmanager`. Rules are the
deployed ones, with times shorter by `--by` (see `quickened`). Prints a table: fault, page, seconds. Exits with 1 when a
page did not come or was not resolved, and with 3 when the programs are not on this machine.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.drill_pages.faults import FAULTS, Fault
from tests.drill_pages.installation import REMEMBERS, Installation, await_quiet, running_installation
from tests.drill_pages.pager import missing_programs, running_pager

NOT_HERE = 3
HEAD = "| fault | page | it came after | resolved after mending | what else fired |\n|---|---|---|---|---|"


def drill(fault: Fault, here: Installation) -> str:
    """Break and mend; returns the row of the table."""
    begun, name = time.monotonic(), fault.page["alertname"]
    with fault.broken(here):
        here.pager.await_page(fires=True, **fault.page)
        came, begun = time.monotonic() - begun, time.monotonic()
        others = {other for other in here.pager.firing() if not other.startswith(REMEMBERS)} - {name}
    here.pager.await_page(fires=False, **fault.page)
    resolved = time.monotonic() - begun
    await_quiet(here.pager)
    labels = ", ".join(value for label, value in fault.page.items() if label != "alertname")
    page = f"{name} ({labels})" if labels else name
    return f"| {fault.what} | {page} | {came:.0f} s | {resolved:.0f} s | {', '.join(sorted(others)) or '-'} |"


def main() -> None:
    """Run all faults, or those whose name holds `--only`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", type=float, default=60.0, help="how many times as quick")
    parser.add_argument("--only", default="", help="a part of a fault's name")
    parser.add_argument("--folder", type=Path, help="where logs are kept; default: a temporary one")
    asked = parser.parse_args()
    if missing := missing_programs():
        print(f"not on this machine: {', '.join(missing)} (Debian packages of the same names)", file=sys.stderr)
        sys.exit(NOT_HERE)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with running_pager(folder, asked.by) as pager, running_installation(folder, pager) as here:
            print(HEAD, flush=True)
            for fault in FAULTS:
                if asked.only in fault.what:
                    print(drill(fault, here), flush=True)


if __name__ == "__main__":
    main()

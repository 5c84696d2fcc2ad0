"""Serves the console over two weeks of simulated traffic: `python -m tests.console.running`. No Kafka; Ctrl-C ends it.

What is decided there goes through the worker's stages, so its effect is seen at once.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.console.browsing import served
from tests.console.conftest import PASSWORD, made_console
from tests.console.screenshots import looked_back, told

BEGUN = "two weeks of traffic are made; that takes a minute or two ..."


def main() -> None:
    """Serve until somebody presses Ctrl-C."""
    print(BEGUN, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as home:
        for console in made_console(Path(home) / "console.sqlite", 0, looked_back):
            told(console.platform)
            with served(console.app) as address:
                names = ", ".join(account.name for account in console.people.values())
                print(f"console at {address}; names: {names}; password: {PASSWORD}", flush=True)
                try:
                    while True:
                        time.sleep(60)
                except KeyboardInterrupt:
                    return


if __name__ == "__main__":
    main()

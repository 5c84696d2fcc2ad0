"""The `parcelward` command, also as `python -m parcelward`."""

import os
import signal
import sys

STOP = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["worker"]:
        _run_worker()
    else:
        _run()


def _run_worker() -> None:
    """A signal to stop ends a worker in good order whenever it comes, and however often."""
    # Its imports take seconds. Until it has something to finish (streams/lifecycle.py), it follows a signal at once.
    for number in STOP:
        signal.signal(number, lambda *_: os._exit(0))
    try:
        _run()
    finally:
        # The exit code is decided. Python takes its handlers back before it has ended, and a signal that is repeated
        # would kill it at the last moment.
        for number in STOP:
            signal.signal(number, signal.SIG_IGN)


def _run() -> None:
    from parcelward.cli import main as command_line  # not earlier: it is one of those imports

    command_line()


if __name__ == "__main__":
    main()

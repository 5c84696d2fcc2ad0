"""A child process that can never outlive its parent, however the parent ends.

The module is also the launcher: run as a program it asks the kernel to kill it when its parent dies, makes sure that
the parent is still there, and then becomes the command. (Doing that between fork and exec in the parent itself is not
safe while the parent has threads.) Outside Linux there is no such request; there only `stop` ends the child.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


class Child:
    """A child in a session of its own: Ctrl-C in the terminal reaches only the parent, which stops it in good order.

    Start it from a thread that lives as long as the child should: Linux kills the child when that thread ends.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        output: IO[bytes],
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid()), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Process id of the command (the launcher becomes it)."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self.process.poll()

    def stop(self, grace_s: float) -> int:
        """SIGTERM, then SIGKILL to the whole session after `grace_s`; returns the exit code. Safe to call twice."""
        try:
            if self.process.poll() is None:
                self.process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(grace_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


def _become(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit("the parent is gone")
    os.execv(command[0], command)  # noqa: S606 - the command is ours


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])

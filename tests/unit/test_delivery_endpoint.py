"""One attempt against a real server that fails in every way: each failure is an outcome, none is an exception."""

import asyncio
import ssl
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from parcelward.contract.deliveries import Outcome
from parcelward.delivery.answers import Answer
from parcelward.settings import Settings
from streams.delivery.endpoint import BODY_BYTES, Endpoint
from tests.receiver import CUT, DIES, OK, RESET, SILENT, Receiver, listening, status

HEADERS = {"webhook-id": "alerts:a:1"}


def attempts(times: int = 1, **settings: Any) -> list[Answer]:
    """Make attempts, one after the other, over one session."""

    async def make() -> list[Answer]:
        made = Settings(webhook_timeout=timedelta(seconds=0.5), **settings)
        async with Endpoint(made, time.time) as endpoint:
            return [await endpoint.send(HEADERS, b'{"data":{}}') for _ in range(times)]

    return asyncio.run(make())


@pytest.fixture(scope="module")
def receiver() -> Any:
    with listening() as running:
        yield running


HUGE = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(5_000_000)
NEVER_WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (OK, Answer(Outcome.DELIVERED, 204)),
        (HUGE, Answer(Outcome.DELIVERED, 200)),
        (NEVER_WHOLE, Answer(Outcome.DELIVERED, 200)),
        (status(500, body=b"x" * 100_000), Answer(Outcome.FAILED, 500)),
        (status(422, "Retry-After: 9"), Answer(Outcome.REFUSED, 422, 9.0)),
        (status(429, "Retry-After: 30"), Answer(Outcome.THROTTLED, 429, 30.0)),
        (status(410), Answer(Outcome.GONE, 410)),
        (status(302, "Location: http://127.0.0.1:9/"), Answer(Outcome.REDIRECTED, 302)),
        (RESET, Answer(Outcome.BROKEN)),
        (DIES, Answer(Outcome.BROKEN)),
        (CUT, Answer(Outcome.BROKEN)),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", Answer(Outcome.BROKEN)),
        (status(200, "X-Long: " + "x" * 20_000), Answer(Outcome.BROKEN)),
        (SILENT, Answer(Outcome.TIMEOUT)),
    ],
    ids=["204", "huge body", "body never whole", "500", "422", "429", "410", "302", "reset", "dies", "cut", "no HTTP",
         "long header", "silent"],
)  # fmt: skip
def test_an_attempt_has_an_outcome(receiver: Receiver, said: bytes, answer: Answer) -> None:
    receiver.answer = lambda _: said
    receiver.came.clear()
    assert attempts(webhook_url=receiver.url) == [answer]
    assert len(receiver.came) == 1, "no redirect is followed, and nothing is sent twice"


def test_a_receiver_that_is_not_there_is_unreachable(unused_port: int) -> None:
    assert attempts(webhook_url=f"http://127.0.0.1:{unused_port}/") == [Answer(Outcome.UNREACHABLE)]
    assert attempts(webhook_url="https://no-such-host.invalid/") == [Answer(Outcome.UNREACHABLE)]


def test_attempts_share_a_connection_and_say_who_sends(receiver: Receiver) -> None:
    receiver.answer = lambda _: status(200, body=b"x" * (BODY_BYTES - 1))
    receiver.came.clear()
    receiver.connections = 0
    assert {answer.outcome for answer in attempts(3, webhook_url=receiver.url)} == {Outcome.DELIVERED}
    assert receiver.connections == 1
    (said,) = {tuple(sorted(request.headers.items())) for request in receiver.came}
    headers = dict(said)
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("parcelward/")
    assert "cookie" not in headers


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem",
         "-out", folder / "ca.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("host", "trusts", "outcome"),
    [("localhost", True, Outcome.DELIVERED), ("127.0.0.1", True, Outcome.TLS), ("localhost", False, Outcome.TLS)],
    ids=["right", "wrong name", "unknown authority"],
)
def test_a_certificate_must_be_for_the_host_and_trusted(
    certificates: Path, host: str, trusts: bool, outcome: Outcome
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "ca.pem", certificates / "key.pem")
    with listening(context) as receiver:
        cafile = certificates / "ca.pem" if trusts else None
        (answer,) = attempts(webhook_url=f"https://{host}:{receiver.port}/hook", webhook_cafile=cafile)
        assert answer.outcome is outcome
        assert len(receiver.came) == (1 if outcome is Outcome.DELIVERED else 0), "nothing is told to a stranger"

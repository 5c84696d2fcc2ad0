"""The receiver: one POST for each attempt, within limits of time and size, to the operator's address alone."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import TracebackType

import aiohttp

from parcelward.contract.deliveries import Outcome
from parcelward.delivery.answers import Answer, answer_of
from parcelward.errors import UserError
from parcelward.settings import Settings

BODY_BYTES = 4096
"""Most bytes of an answer's body that are read, and thrown away, so that its connection can be used again."""
BODY_S = 1.0
CONNECT_S = 5.0
IDLE_S = 4.0
"""Shorter than servers keep idle connections: one that is closed as it is used would cost an attempt."""
NAMES_S = 30


class Endpoint:
    """An async context manager; asks no proxy, follows no redirect, keeps no cookie and no body."""

    def __init__(self, settings: Settings, now_s: Callable[[], float]) -> None:
        self._url = settings.webhook_url
        self._now_s = now_s
        total_s = settings.webhook_timeout.total_seconds()
        self._timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=min(CONNECT_S, total_s))
        self._parallel = settings.webhook_parallel
        self._tls = trusted(settings)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Endpoint":
        connector = aiohttp.TCPConnector(
            limit=self._parallel, ssl=self._tls, keepalive_timeout=IDLE_S, ttl_dns_cache=NAMES_S
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"parcelward/{version('parcelward')}",
                "Accept-Encoding": "identity",
            },
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        assert self._session is not None
        await self._session.close()

    async def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one attempt. It never raises for what a receiver or the network does."""
        assert self._session is not None
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                answer = answer_of(response.status, response.headers.get("Retry-After"), self._now_s())
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):  # the status stands
                    async with asyncio.timeout(BODY_S):
                        await response.content.read(BODY_BYTES)
                return answer
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Answer(Outcome.TLS)
        except aiohttp.ClientConnectorError:
            return Answer(Outcome.UNREACHABLE)
        except TimeoutError:
            return Answer(Outcome.TIMEOUT)
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer(Outcome.BROKEN)


def trusted(settings: Settings) -> ssl.SSLContext:
    """Build the context of trusted certificates. Raises UserError for a file that holds none."""
    cafile = settings.webhook_cafile
    try:
        return ssl.create_default_context(cafile=None if cafile is None else str(cafile))
    except (OSError, ssl.SSLError):
        raise UserError(f"setting webhook_cafile names {cafile}, which holds no certificate") from None

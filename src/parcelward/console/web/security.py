"""Headers of every answer, the session's cookie, and requests that another site made a browser send."""

import base64
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parcelward.console.api.application import PATH
from parcelward.console.api.problems import ProblemReason, answer
from parcelward.console.people.sessions import Visitor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded from elsewhere, and nothing that stands in a page itself is run."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
MOST_BYTES = 262_144
"""Largest form: some hundred ticks and a comment."""
SAFE = frozenset(("GET", "HEAD"))


class Guard:
    """Adds the headers, keeps pages out of caches, and refuses what no page or program of ours would send."""

    def __init__(self, app: ASGIApp, over_tls: bool) -> None:
        self._app = app
        self._headers = HEADERS | (OVER_TLS if over_tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await (_refusal(scope) or self._app)(scope, receive, with_headers)


def comes_from_here(headers: Mapping[str, str]) -> bool:
    """Tell by what a browser says of itself whether a form was sent from one of our own pages.

    >>> comes_from_here({"sec-fetch-site": "cross-site"}), comes_from_here({"origin": "http://a", "host": "a"})
    (False, True)
    """
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _is_small(headers: Mapping[str, str]) -> bool:
    if (length := headers.get("content-length")) is None:
        return "transfer-encoding" not in headers  # nothing is sent, else we would not know when it ends
    return length.isdecimal() and int(length) <= MOST_BYTES


def _refusal(scope: Scope) -> Response | None:
    """Refuse what another site or too large a form sends, or what has a NUL in its address: no database takes one."""
    headers = Headers(scope=scope)
    reason = None
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        reason = ProblemReason.INVALID
    elif scope["method"] not in SAFE and not comes_from_here(headers):
        reason = ProblemReason.FROM_A_PAGE
    elif scope["method"] not in SAFE and not _is_small(headers):
        reason = ProblemReason.TOO_LARGE
    if reason is None:
        return None
    if scope["path"].startswith(f"{PATH}/"):
        return answer(reason)
    if reason is ProblemReason.INVALID:
        return PlainTextResponse("refused: there is a NUL in the address\n", 400)
    return PlainTextResponse("refused: sent from another site, or too large\n", 403)


def cookie_name(over_tls: bool) -> str:
    """Name of the session's cookie; over TLS browsers hold it to this host by its name."""
    return "__Host-parcelward" if over_tls else "parcelward"


def masked(visitor: Visitor) -> str:
    """Write the session's token for a form, each time otherwise.

    Pages are compressed. A token that were the same in each of them could be guessed from their sizes, by somebody who
    makes a browser load pages with guesses in them (BREACH).
    """
    token = visitor.csrf.encode()
    mask = secrets.token_bytes(len(token))
    return base64.urlsafe_b64encode(mask + _crossed(mask, token)).decode()


def is_token_of(visitor: Visitor, text: str) -> bool:
    """Tell whether a form was made for this session."""
    try:
        sent = base64.b64decode(text.encode(), b"-_", validate=True)
    except ValueError:
        return False
    mask, crossed = sent[: len(sent) // 2], sent[len(sent) // 2 :]
    return secrets.compare_digest(visitor.csrf.encode(), _crossed(mask, crossed))


def _crossed(mask: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, text, strict=False))

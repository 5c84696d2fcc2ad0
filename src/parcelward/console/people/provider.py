"""Log-in by a provider of identities (OpenID Connect, authorization code with PKCE): where a browser goes, who returns.

The console asks the provider for one thing: who this is, and in which role. It keeps none of the provider's tokens.
"""

import base64
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from parcelward.console.people.accounts import Person
from parcelward.console.people.roles import Role
from parcelward.errors import UserError
from parcelward.settings import Settings

log = logging.getLogger(__name__)

RETURN = "/login/return"
"""Path to which the provider sends a browser back."""
WELL_KNOWN = "/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures with a key that only the provider has."""
PATIENCE_S = 10
LEEWAY_S = 60
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_FAILURES = (requests.RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)


class ProviderError(Exception):
    """A log-in that came to nothing; `problem` is the key of its words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Waiting:
    """A log-in that has begun: what the browser keeps in a cookie until it returns."""

    state: str
    nonce: str
    verifier: str
    back: str

    @property
    def text(self) -> str:
        """Write it for a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def from_text(cls, text: str | None) -> "Waiting | None":
        """Read it from a cookie; None for anything else."""
        try:
            return cls(**{name: str(value) for name, value in json.loads(base64.urlsafe_b64decode(text or "")).items()})
        except (ValueError, TypeError, AttributeError):
            return None


class Provider:
    """One provider, as the settings name it."""

    def __init__(self, settings: Settings) -> None:
        """Take its settings. Raises UserError for what is missing, or would travel in the clear."""
        self._issuer, address = str(settings.console_oidc_issuer), str(settings.console_address or "")
        self._client_id, secret = settings.console_oidc_client_id, settings.console_oidc_client_secret
        self._client_secret = None if secret is None else secret.get_secret_value()
        self._claim, self._roles = settings.console_oidc_role_claim, settings.console_oidc_roles
        if not self._client_id or not address:
            raise UserError("console_oidc_issuer needs console_oidc_client_id and console_address")
        if not self._roles:
            raise UserError("console_oidc_issuer needs console_oidc_roles: without it nobody has a role")
        for name, url in (("console_oidc_issuer", self._issuer), ("console_address", address)):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                raise UserError(f"{name}: write https://..., since log-ins would travel in the clear")
        self._return = address.rstrip("/") + RETURN

    def begin(self, back: str) -> tuple[str, Waiting]:
        """Give the address to which a browser is sent, and what it keeps meanwhile. Raises ProviderError."""
        waiting = Waiting(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), back)
        try:
            with self._session() as session:
                url, _ = session.create_authorization_url(
                    self._metadata()["authorization_endpoint"],
                    state=waiting.state,
                    nonce=waiting.nonce,
                    code_verifier=waiting.verifier,
                )
        except _FAILURES as error:
            raise _failed(error) from None
        return str(url), waiting

    def finish(self, asked: Mapping[str, str], waiting: Waiting | None) -> Person:
        """Find out who came back. Raises ProviderError; also for somebody without a role here."""
        if waiting is None or not secrets.compare_digest(asked.get("state", "").encode(), waiting.state.encode()):
            raise ProviderError("problem_provider_again")
        if asked.get("iss", self._issuer) != self._issuer or not asked.get("code"):
            raise ProviderError("problem_provider_refused")
        try:
            claims = self._claims(asked["code"], waiting)
        except _FAILURES as error:
            raise _failed(error) from None
        role = self._role_in(claims)
        if role is None:
            raise ProviderError("problem_no_role")
        name = str(claims.get("preferred_username") or claims["sub"])
        return Person(f"{self._issuer} {claims['sub']}", name, str(claims.get("name") or name), role)

    def _claims(self, code: str, waiting: Waiting) -> Mapping[str, Any]:
        metadata = self._metadata()
        with self._session() as session:
            token = session.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=waiting.verifier,
                grant_type="authorization_code",
            )
        keys = KeySet.import_key_set(_read(metadata["jwks_uri"]))
        read = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
        must = {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": self._client_id}}
        about = {"nonce": waiting.nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(read.claims, read.header, must, about)
        claims.validate(leeway=LEEWAY_S)
        return dict(claims)

    def _role_in(self, claims: Mapping[str, Any]) -> Role | None:
        """Give the role of the first entry of the setting that the claim has; the claim's name may be a path."""
        found: Any = claims.get(self._claim)
        if found is None:
            found = claims
            for part in self._claim.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        there = found if isinstance(found, list) else [found]
        return next((Role(role) for value, role in self._roles.items() if value in there), None)

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = _read(self._issuer.rstrip("/") + WELL_KNOWN)
        if found["issuer"] != self._issuer:
            raise ValueError("the provider says that it is another")
        return found

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            scope="openid profile",
            redirect_uri=self._return,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            default_timeout=PATIENCE_S,
        )


def provider_of(settings: Settings) -> Provider | None:
    """Give the provider that the settings name; None if they name none. Raises UserError."""
    if settings.console_oidc_issuer:
        return Provider(settings)
    if not settings.console_local_log_in:
        raise UserError("console_local_log_in is off, and console_oidc_issuer is not set: nobody could log in")
    return None


def _read(url: str) -> Any:
    answer = requests.get(url, timeout=PATIENCE_S, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()


def _failed(error: Exception) -> ProviderError:
    """Say in the log what kind of failure it was, and nothing that came from outside."""
    log.warning("console_provider_failed error=%s", type(error).__name__)
    away = isinstance(error, requests.RequestException)
    return ProviderError("problem_provider_away" if away else "problem_provider_refused")

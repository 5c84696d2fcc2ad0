"""The reason for which a broker does not let us in, found by trying: clients only say that it took too long."""

import contextlib
import socket
import ssl
from typing import Any

from kafka.errors import KafkaError
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from parcelward.settings import Settings

PATIENCE_S = 5.0
"""Seconds for one try to connect, and to log in."""


def address(server: str) -> tuple[str, int]:
    """Read `host:port`, as a socket takes it. Raises ValueError when it is something else.

    >>> address("[::1]:9092")
    ('::1', 9092)
    """
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{server!r} is not host:port")
    return host.strip("[]"), int(port)


def refusal(settings: Settings, options: dict[str, Any]) -> str:
    """Try to be let in with a client's `options`; return what the broker does not like, empty when that is not known.

    `options` are those of `client_options`. Never raises for what a broker answers.
    """
    where = address(options["bootstrap_servers"][0])
    try:
        with socket.create_connection(where, timeout=PATIENCE_S) as connection:
            tls = settings.security_protocol.endswith("SSL")
            said = _tls_refusal(settings, options, connection, where[0]) if tls else ""
    except OSError:
        return ""
    if said:
        return said
    if is_let_in(options):
        return ""
    if settings.security_protocol == "SASL_SSL":  # whatever is wrong with a login, a broker closes the connection
        return (
            f"login refused for user {settings.sasl_username} by {settings.sasl_mechanism}; "
            "check sasl_username, sasl_password and sasl_mechanism"
        )
    return (
        f"it closed the connection; security_protocol is {settings.security_protocol}: "
        "set another one if this port asks for TLS or a login, and check the user and the password if you gave them"
    )


def _tls_refusal(settings: Settings, options: dict[str, Any], connection: socket.socket, host: str) -> str:
    context = ssl.create_default_context(cafile=options.get("ssl_cafile"))
    try:
        context.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        if "mismatch" in error.verify_message:
            return f"its certificate is for another host name ({error.verify_message}); correct the setting kafka"
        signers = f"those in {settings.ssl_cafile}" if settings.ssl_cafile else "those that this machine trusts"
        return (
            f"its certificate is signed by none of {signers} ({error.verify_message}); "
            "check ssl_cafile, and this machine's clock"
        )
    except ssl.SSLError:
        return f"this port does not speak TLS, but security_protocol is {settings.security_protocol}"
    return ""


def is_let_in(options: dict[str, Any]) -> bool:
    net = NetworkSelector()
    manager = KafkaConnectionManager(net, **options)
    broker = manager.cluster.bootstrap_brokers()[0].node_id

    async def enter() -> None:
        # One connection: the manager's next one would only say that the last has failed.
        await manager.get_connection(broker, timeout_ms=PATIENCE_S * 1000, refresh_metadata_on_err=False)

    try:
        net.run(enter)
    except (KafkaError, OSError):
        return False
    finally:
        with contextlib.suppress(KafkaError, OSError):
            manager.close()
        net.close()
    return True

"""Outcomes of an attempt to deliver a webhook: header of an undelivered record, label of a metric, word in the docs."""

from enum import StrEnum


class Outcome(StrEnum):
    """Outcome of one attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    REDIRECTED = "redirected"
    THROTTLED = "throttled"
    GONE = "gone"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    TLS = "tls"
    UNREADABLE = "unreadable"


MEANINGS = {
    Outcome.DELIVERED: "the receiver answered 2xx",
    Outcome.REFUSED: "it does not take this record: 400, 409, 411, 413, 414, 415, 422 or 431",
    Outcome.FAILED: "any other answer of 4xx or 5xx",
    Outcome.REDIRECTED: "an answer of 3xx; it is not followed",
    Outcome.THROTTLED: "429, 502, 503 or 504: it has too much to do",
    Outcome.GONE: "410: it wants no more; nothing is sent until the command is started again",
    Outcome.TIMEOUT: "no answer within `webhook_timeout`",
    Outcome.UNREACHABLE: "no connection: refused, or no such host",
    Outcome.BROKEN: "the connection ended before the answer, or the answer was no HTTP",
    Outcome.TLS: "the certificate is not for this host, not trusted, or out of date",
    Outcome.UNREADABLE: "the record is no JSON, or has no id; it was not sent",
}

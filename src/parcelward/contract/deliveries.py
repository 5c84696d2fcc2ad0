"""Outcomes of an attempt to deliver a webhook, and the headers of a record that none could deliver."""

from enum import StrEnum

from pydantic import Field

from parcelward.contract.fields import Part


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


class UndeliveredHeaders(Part):
    """Headers that `parcelward deliver` adds to a record that it gave up. The record itself is whole, with its own."""

    pw_topic: str = Field(description="Topic it came from.", examples=["alerts"])
    pw_partition: str = Field(pattern=r"^[0-9]+$", description="Partition it came from.", examples=["3"])
    pw_offset: str = Field(pattern=r"^[0-9]+$", description="Offset it came from.", examples=["81234"])
    pw_endpoint: str = Field(description="Receiver: the setting `webhook_name`.", examples=["platform"])
    pw_reason: Outcome = Field(description="Result of the last attempt.", examples=["timeout"])
    pw_status: str = Field(
        pattern=r"^[0-9]+$", description="HTTP status of the last answer; 0: there was none.", examples=["503"]
    )
    pw_attempts: str = Field(pattern=r"^[0-9]+$", description="Attempts in all.", examples=["12"])
    pw_first_attempt_at: str = Field(
        description="Time of the first attempt, RFC 3339.", examples=["2026-11-23T01:30:00.000Z"]
    )
    pw_undelivered_at: str = Field(description="Time at which it was given up.", examples=["2026-11-26T06:30:00.000Z"])
    pw_webhook_id: str = Field(
        description="Its `webhook-id`; the same when it is sent again.",
        examples=["alerts:6f9619ff-8b86-5011-b42d-00c04fc964ff:1"],
    )

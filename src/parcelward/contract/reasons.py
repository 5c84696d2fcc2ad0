"""Reasons to refuse a record. The same word is the header, the metric label and the entry in the docs."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason to refuse a record. `meaning` explains it to the courier's engineer.

    >>> Reason("missing_key").meaning
    'The record has no Kafka key; it must be the waybill number.'
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    TOMBSTONE = "tombstone", "The record has no value; intake keeps history and deletes nothing on request."
    TOO_LARGE = (
        "too_large",
        "The value is larger than the limit (64 KiB unless configured), or its batch would unpack to too much.",
    )
    INVALID_ENCODING = (
        "invalid_encoding",
        "The value, key or a `ce_*` header is not valid UTF-8 or holds NUL, or the batch cannot be unpacked.",
    )
    INVALID_JSON = (
        "invalid_json",
        "The value is not well-formed JSON (RFC 8259): cut off, NaN, too deep, trailing text.",
    )
    DUPLICATE_FIELD = (
        "duplicate_field",
        "A JSON object or the `ce_*` headers name the same field twice, so two readers could see two events.",
    )
    NOT_CLOUDEVENTS = "not_cloudevents", "Neither binary (`ce_*` headers) nor structured CloudEvents 1.0."
    UNKNOWN_TYPE = "unknown_type", "The CloudEvents type is not one of ours."
    UNKNOWN_VERSION = "unknown_version", "The event type is known, this version of it is not."
    MISSING_FIELD = "missing_field", "A required field or attribute is missing."
    UNKNOWN_FIELD = "unknown_field", "A field is not part of the contract; most often a typing error."
    WRONG_TYPE = "wrong_type", "A field has another JSON type than the contract says."
    INVALID_VALUE = "invalid_value", "A field has the right type but a value outside its pattern, range or list."
    MISSING_KEY = "missing_key", "The record has no Kafka key; it must be the waybill number."
    KEY_MISMATCH = "key_mismatch", "The Kafka key, or the subject, is not the waybill number in the event."
    WRONG_COURIER = "wrong_courier", "The event names another courier than the one that owns the topic."
    TIME_OUT_OF_RANGE = (
        "time_out_of_range",
        "The event time is too long before the record's arrival, or too long after it.",
    )
    UNKNOWN_KEY = (
        "unknown_key",
        "A token was made under a key id that the service does not have, so it would match no other token.",
    )
    UNEXPECTED = "unexpected", "Our own code failed on this record; it is kept, counted and looked at by us."

"""The reasons why an event was not sent, not taken, or not delivered."""

from collections.abc import Sequence

from parcelward.contract.reasons import Reason

SHOWN_IDS = 3


class InvalidEvent(ValueError):  # noqa: N818 - reads better where it is caught
    """The event breaks the contract and was not sent; `detail` names the field and never repeats its value."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class NotDelivered(RuntimeError):  # noqa: N818
    """Events that the broker has not acknowledged; `ids` are their event ids, in the order of publication.

    `kept` says where they stay. In a spool: its next publisher sends them first, and nothing has to be done. Nowhere:
    publish them again under the same ids. An event that had arrived after all is recognised as a duplicate.
    """

    def __init__(self, ids: Sequence[str | None], cause: str, kept: str | None = None) -> None:
        self.ids: tuple[str, ...] = tuple(found for found in ids if found is not None)
        self.count = len(ids)
        self.cause = cause
        self.kept = kept
        super().__init__(
            f"{self.count} event{'s were' if self.count != 1 else ' was'} not acknowledged{_listed(self.ids)}: {cause}"
            + (f"; kept in the spool {kept}, whose next publisher sends what it holds" if kept else "")
        )


def no_topic(topic: str) -> str:
    """The reason for which nothing can be sent to a topic."""
    return f"topic {topic} does not exist, or this user may not write to it"


class NoTopic(NotDelivered):
    """The courier of an event has no intake topic that this user may write to. The event was not taken."""

    def __init__(self, topic: str, there: Sequence[str], event_id: str | None = None) -> None:
        super().__init__([event_id], "no topic")
        self.args = (
            f"{no_topic(topic)}; "
            f"{'intake topics: ' + ', '.join(there) if there else 'no intake topic exists: is a worker running?'}",
        )


class SpoolFull(RuntimeError):  # noqa: N818
    """There is no room for the event: it was not taken. What was taken before is not touched."""


def _listed(ids: Sequence[str]) -> str:
    """A few of the ids, for a message.

    >>> _listed(["a", "b", "c", "d", "e"])
    ' (a, b, c and 2 more)'
    """
    if not ids:
        return ""
    more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
    return f" ({', '.join(ids[:SHOWN_IDS])}{more})"

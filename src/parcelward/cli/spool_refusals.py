"""Events that a publisher's spool has set aside, in the form of refused records."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.publisher.record_bytes import parts_of
from parcelward.publisher.spool import Spool
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import Topics

NOT_DELIVERED = "not_delivered"
"""In place of a reason: no worker has seen the event, brokers would not take it."""
NOWHERE = NO_TIME = -1


@contextmanager
def opened_spool(folder: Path, settings: Settings) -> Iterator[Spool]:
    """Open a spool that is there. Raises UserError when there is none, or when a publisher uses it."""
    if not folder.is_dir():  # a spool would be made there
        raise UserError(f"--spool {escaped(str(folder))}: there is no such folder")
    with closing(Spool(folder, settings.spool_mb * 1_000_000, settings.spool_fsync)) as spool:
        yield spool


def set_aside_in(spool: Spool, topics: Topics, courier: str | None = None) -> Iterator[Record]:
    """The events that brokers will never take, of one courier or of all; an offset is the number in the spool."""
    for number, cause, body in spool.refused():
        if courier in (None, body.courier):
            key, value, headers = parts_of(body.bytes)
            topic = topics.intake(body.courier)
            ours = {"pw_reason": NOT_DELIVERED, "pw_detail": cause, "pw_topic": topic}
            said = [*headers, *((name, text.encode()) for name, text in ours.items())]
            yield Record(topic, NOWHERE, number, NO_TIME, key, value, said)

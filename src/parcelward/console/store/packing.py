"""Documents of alerts, packed: they are most of the database, and LZ4 halves them in a few microseconds."""

from cramjam import lz4


def packed(document: bytes) -> bytes:
    """Pack a document.

    >>> unpacked(packed(b'{"alert_id":"6f9619ff"}'))
    b'{"alert_id":"6f9619ff"}'
    """
    return bytes(lz4.compress_block(document))


def unpacked(stored: bytes) -> bytes:
    """Give a document as it was."""
    return bytes(lz4.decompress_block(stored))

"""Documents of alerts and referrals, packed: they are most of the database.

Documents are alike, so a dictionary of what they have in common packs each to a tenth in a few microseconds. The
dictionary belongs to the design of the tables: with another one, what is stored could not be read.
"""

from importlib.resources import files

from backports.zstd import ZstdCompressor, ZstdDecompressor, ZstdDict

DICTIONARY = "documents.zstd"
"""File with what documents have in common; `python -m tests.console_store.dictionary` makes it."""
_common = ZstdDict((files("parcelward.console.store") / DICTIONARY).read_bytes())
_compressor = ZstdCompressor(level=1, zstd_dict=_common.as_digested_dict)


def packed(document: bytes) -> bytes:
    """Pack a document.

    >>> unpacked(packed(b'{"alert_id":"6f9619ff"}'))
    b'{"alert_id":"6f9619ff"}'
    """
    return _compressor.compress(document, ZstdCompressor.FLUSH_FRAME)


def unpacked(stored: bytes) -> bytes:
    """Give a document as it was."""
    return ZstdDecompressor(zstd_dict=_common).decompress(stored)


def dictionary() -> bytes:
    """Give the dictionary; it is part of the tables' design."""
    return _common.dict_content

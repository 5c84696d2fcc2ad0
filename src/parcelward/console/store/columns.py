"""Types of columns that mean the same on SQLite and on PostgreSQL."""

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text

Code = String().with_variant(String(collation="C"), "postgresql")
"""An id, a token or a code: sorted by its bytes on both databases, whatever the database's language."""
Words = Text()
Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits. SQLite takes a table's key for its row number only if it is called INTEGER."""
Moment = Number
"""Milliseconds since the epoch."""
Document = LargeBinary()
"""A record's JSON, byte for byte; that of an alert is packed (`packing`)."""

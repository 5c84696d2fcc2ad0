"""Bytes that can always be decoded: for Kafka clients that read header names as UTF-8 and fail when they are not."""

from typing import Any


class Lenient(bytearray):
    """A buffer whose slices decode with U+FFFD in place of what is wrong."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return Lenient(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")

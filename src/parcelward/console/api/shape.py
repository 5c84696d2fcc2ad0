"""The base of what the API answers, and the types that all of it shares."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from parcelward.console.store.lines import Words
from parcelward.moments import CHINA, utc


class Shape(BaseModel):
    """Base of every answer: a value that does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Shape):
    """One text in both languages."""

    zh: str = Field(description="Chinese.", examples=["收寄验视未做"])
    en: str = Field(description="English.", examples=["the inspection is missing"])

    @classmethod
    def of(cls, words: Words) -> "Text":
        """Take a text of the store."""
        return cls(zh=words.zh, en=words.en)


def moment(ms: int) -> datetime:
    """Give a time as the API says it: in China's time, with its offset.

    >>> moment(0).isoformat()
    '1970-01-01T08:00:00+08:00'
    """
    return utc(ms).astimezone(CHINA)


def moment_or_none(ms: int | None) -> datetime | None:
    """Give a time, or None where there is none."""
    return None if ms is None else moment(ms)

"""Nobody is asked why a parcel was not opened that was not to be; one passed off as a letter was to be opened."""

from typing import Any

import pytest

from parcelward.features.table import INDEX
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.settings import Settings
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, real_name, record

LETTER = {"goods": {"name": "文件", "nature": "letter"}}


def screened(registered: dict[str, Any], **inspected: Any) -> Result:
    settings = Settings(sampled_share=0.0)
    assert settings.model is not None
    line = Pipeline(build_stages(settings), settings.topics, keep_rows=True)
    return feed_all(line, [record(real_name(**registered)), record(inspection(opened=False, **inspected), T0 + MINUTE)])


def opened(result: Result) -> object:
    return result.rows[-1].row[INDEX["inspection_opened"]]


@pytest.mark.parametrize(
    ("registered", "result"),
    [
        ({}, "refused_by_sender"),
        (LETTER, "exempt_letter"),
        ({"goods": {"name": "合同"}}, "exempt_letter"),
        ({"goods": {"name": "资料", "nature": "document"}}, "exempt_letter"),
    ],
)
def test_a_duty_that_was_done_without_opening_raises_nothing(registered: dict[str, Any], result: str) -> None:
    said = screened(registered, result=result)
    assert (alerts_of(said), opened(said)) == ([], None)


def test_a_parcel_passed_off_as_a_letter_is_looked_at() -> None:
    said = screened({}, result="exempt_letter")
    assert (len(alerts_of(said)), opened(said)) == (1, False)

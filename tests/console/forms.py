"""Forms of decisions, filled in as a browser does it."""

import re
from collections.abc import Sequence
from html import unescape

from starlette.testclient import TestClient

from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.store.lines import Line
from parcelward.contract.steps import ReferralState
from tests.console.conftest import Console

HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">')
FORM = re.compile(r'<form method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)


def forms_of(browser: TestClient, path: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Address and hidden fields of each form of decision on a page, by its step."""
    found = {}
    for address, inner in FORM.findall(browser.get(path).text):
        fields = {name: unescape(value) for name, value in HIDDEN.findall(inner)}
        if "step" in fields:
            found[fields["step"]] = (address, fields)
    return found


def press(browser: TestClient, path: str, step: str, **chosen: str) -> str:
    """Fill in a form and send it; gives the text of the page that follows."""
    address, fields = forms_of(browser, path)[step]
    answer = browser.post(address, data={**fields, **chosen})
    if answer.status_code != 303:
        return answer.text
    return browser.get(answer.headers["location"]).text


def unclaimed(console: Console) -> Line:
    """An alert that nobody has taken yet."""
    return unclaimed_ones(console, 1)[0]


def unclaimed_ones(console: Console, number: int) -> Sequence[Line]:
    """Alerts that nobody has taken yet. Other tests took what there was? Then couriers send more."""
    wanted = DeskFilter(view=View.UNCLAIMED, state=ReferralState.RAISED)
    lines = list_alerts(console.platform.database, wanted).lines
    if len(lines) < number:
        at_ms = console.clock()
        console.platform.live_until(at_ms, 10, seed=1000 + next(console.numbers))
        lines = list_alerts(console.platform.database, wanted).lines
    assert len(lines) >= number
    return lines[:number]

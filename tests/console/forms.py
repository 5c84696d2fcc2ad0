"""Forms of decisions, filled in as a browser does it."""

import re
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


def unclaimed(console: Console, state: str = "raised") -> Line:
    """An alert that nobody has taken yet."""
    wanted = DeskFilter(view=View.UNCLAIMED, state=ReferralState(state))
    return list_alerts(console.platform.database, wanted).lines[0]

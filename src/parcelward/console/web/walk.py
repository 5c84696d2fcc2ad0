"""The walk through a list: what stands beside an alert in the list that it was opened from, and the way back."""

from dataclasses import dataclass
from urllib.parse import quote

from parcelward.console.store import case_page
from parcelward.console.store.database import Database
from parcelward.console.store.desk import Neighbours, neighbours
from parcelward.console.web.rendering import query
from parcelward.console.web.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Walk:
    """A list that a person walks through: that of the desk, or of a case that was opened from it."""

    database: Database
    wanted: Wanted
    token: str
    alert_id: str

    @property
    def beside(self) -> Neighbours:
        """Find the alerts before and after this one."""
        if self.wanted.case:
            return case_page.walk(self.database, self.wanted.case, self.alert_id)
        return neighbours(self.database, self.wanted.alerts(self.token), self.alert_id)

    @property
    def following(self) -> str | None:
        """Find the alert to go on with after a decision: of a case the next that is open."""
        if self.wanted.case:
            return case_page.next_open(self.database, self.wanted.case, self.alert_id)
        return self.beside.next

    @property
    def back(self) -> str:
        """Give the address of the list."""
        if self.wanted.case:
            return f"/cases/{quote(self.wanted.case, safe='')}" + query(list=self.wanted.within("").text)
        return "/desk" + query(**self.wanted.fields)

    def ended(self, counted: bool) -> str:
        """Give the address of the list after a decision, when nothing follows; it says if the decision counted yet."""
        back = self.back
        return f"{back}{'&' if '?' in back else '?'}{'counted' if counted else 'waiting'}=1"

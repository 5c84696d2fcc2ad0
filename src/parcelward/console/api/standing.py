"""Standing of the whole: counts of what is open, and whether what is shown is complete."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from parcelward.console.api.asked import CourierAsked
from parcelward.console.api.shape import Shape, moment
from parcelward.console.store.case_desk import CaseFilter, count_case_views
from parcelward.console.store.desk import COUNTED, Count, DeskFilter, View, count_by, count_views, newest_mark
from parcelward.console.web.office import UNCERTAIN_MS, account_of, office_of

router = APIRouter(tags=["standing"])


class ViewCounts(Shape):
    """Counts of the parts of a list. Counts end at `most` of the answer."""

    due: int = Field(description="Open ones.", examples=[131])
    mine: int = Field(description="Open ones that this account has.", examples=[4])
    unclaimed: int = Field(description="Open ones that nobody has.", examples=[112])
    all: int = Field(description="All.", examples=[10000])
    over: int = Field(description="Ones that have reached their end.", examples=[9500])

    at_least: tuple[View, ...] = Field(
        description="Those of the above that may be more: counts of `all` and `over` look at the newest alone.",
        examples=[["all"]],
    )

    @classmethod
    def of(cls, counts: dict[View, Count]) -> "ViewCounts":
        """Take counts of the store."""
        numbers = {view.value: count.number for view, count in counts.items()}
        return cls(**numbers, at_least=tuple(view for view, count in counts.items() if count.more))


class Counts(Shape):
    """Counts of alerts and cases."""

    alerts: ViewCounts = Field(description="Alerts by the part of the list.")
    cases: ViewCounts = Field(description="Cases by the part of the list.")
    open_by_lane: dict[str, int] = Field(description="Open alerts by lane.", examples=[{"red": 3, "yellow": 128}])
    open_by_state: dict[str, int] = Field(description="Open alerts by state.", examples=[{"raised": 112}])
    open_by_courier: dict[str, int] = Field(description="Open alerts by courier.", examples=[{"swift": 60}])
    most: int = Field(description="Counts by the part of the list end here.", examples=[10000])


class Health(Shape):
    """Health of the console that answers."""

    status: str = Field(description="`ok`: the store can be read; else the answer is a problem.", examples=["ok"])
    complete_at: datetime | None = Field(
        description="When it was last certain that nothing is missing; null: not everything has been read yet."
    )
    late: bool = Field(description="That is over a minute ago, or has not been: what is shown may be old.")


@router.get("/counts", name="api_counts")
def counts(request: Request, courier: CourierAsked = None) -> Counts:
    """Count alerts and cases."""
    store, own = office_of(request).database, account_of(request).token
    wanted = DeskFilter(me=own, courier=courier)
    return Counts(
        alerts=ViewCounts.of(count_views(store, wanted)),
        cases=ViewCounts.of(count_case_views(store, CaseFilter(me=own, courier=courier))),
        open_by_lane=count_by(store, wanted, "lane"),
        open_by_state=count_by(store, wanted, "state"),
        open_by_courier=count_by(store, wanted, "courier"),
        most=COUNTED,
    )


@router.get("/health", name="api_health")
def health(request: Request) -> Health:
    """Say that the store can be read, and how old what it holds may be. Needs no key."""
    office = office_of(request)
    newest_mark(office.database)
    certain_ms = office.certain_ms()
    return Health(
        status="ok",
        complete_at=moment(certain_ms) if certain_ms else None,
        late=request.state.now_ms - certain_ms > UNCERTAIN_MS,
    )

"""The model: what it is and is not, which release the console knows, and how right its hints were."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.store.model_page import BINS, Factor, bands, factors, scores, versions_by_day
from parcelward.console.store.versions import OF_A_DAY, judged_by_day, newest_judged, runs_where
from parcelward.console.web.office import office_of
from parcelward.console.web.rendering import bilingual, page
from parcelward.console.web.rule_rows import DAYS, HIGHEST, day_bars
from parcelward.features.plain_words import label
from parcelward.features.table import FEATURES, INDEX
from parcelward.moments import china_day

router = APIRouter()


@router.get("/model")
def model(request: Request) -> Response:
    """Show it."""
    office, now_ms = office_of(request), request.state.now_ms
    card, judged = office.judging.card, newest_judged(office.database)
    there = runs_where(judged)
    count, found = factors(judged)
    by_score, precision = bands(office.database)
    counted = scores(office.database)
    return page(
        request,
        "model.html",
        place="model",
        card=card,
        simulated=card is not None and "imulated" in card.data.source,
        problems=office.judging.problems,
        precision=precision,
        scores=counted,
        scale=HIGHEST / max(1, *counted.bins),
        bins=BINS,
        bands=by_score,
        factors=found,
        factors_of=count,
        most=max((_size(one) for one in found), default=1.0),
        size=_size,
        named=lambda feature: _named(request, feature),
        versions={
            name: day_bars(counts, china_day(now_ms))
            for name, counts in versions_by_day(judged_by_day(office.database, now_ms, DAYS)).items()
        },
        of_a_day=OF_A_DAY,
        there=there,
        other=card is not None and any(one.model not in (None, card.version) for one in there),
    )


def _size(one: Factor) -> float:
    return one.alerts * one.weight


def _named(request: Request, feature: str) -> str:
    """Name a feature in plain words; one of another version as it is."""
    if feature not in INDEX:
        return feature
    return bilingual(label(FEATURES[INDEX[feature]]), request.state.language)

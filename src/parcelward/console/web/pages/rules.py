"""Rules in figures: what each looks for, how often it finds something, and how often people say that it was right."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parcelward.alerts.verdict import MODEL_RULE
from parcelward.console.store.rules_page import Decided, decided, hit_outlets, open_by_rule, rule_days, waybills
from parcelward.console.store.versions import newest_judged, runs_where
from parcelward.console.web.office import office_of
from parcelward.console.web.rendering import page
from parcelward.console.web.rule_rows import (
    DAYS,
    RuleRow,
    law_of,
    looked_at,
    other_packs,
    rule_rows,
    said_of,
)
from parcelward.moments import china_day
from parcelward.rules.cost import MAX_STEPS, steps

router = APIRouter()


@router.get("/rules")
def rules(request: Request) -> Response:
    """Show all rules, those with most alerts first."""
    judging = office_of(request).judging
    there = runs_where(newest_judged(office_of(request).database))
    rows, ends = _rows(request)
    return page(
        request,
        "rules.html",
        place="rules",
        pack=judging.pack,
        problems=judging.problems,
        rows=[one for one in rows if one.id != MODEL_RULE],
        ends=ends,
        there=there,
        other=other_packs(judging.pack, there),
        steps=steps(rule.expression for rule in judging.pack.rules) if judging.pack else 0,
        most_steps=MAX_STEPS,
        law=lambda rule: law_of(rule, request.state.language),
    )


@router.get("/rules/{rule_id}")
def rule(request: Request, rule_id: str) -> Response:
    """Show one rule."""
    office, language = office_of(request), request.state.language
    rows, ends = _rows(request)
    row = next((one for one in rows if one.id == rule_id), None)
    if row is None or rule_id == MODEL_RULE:
        raise HTTPException(404)
    known = row.rule
    examples = list(ends.by_rule[rule_id].false_alarms) if rule_id in ends.by_rule else []
    there = runs_where(newest_judged(office.database))
    outlets = hit_outlets(office.database, rule_id)
    return page(
        request,
        "rule.html",
        place="rules",
        pack=office.judging.pack,
        row=row,
        ends=ends,
        outcomes=ends.by_rule[rule_id].outcomes if rule_id in ends.by_rule else {},
        said=None if known is None else said_of(known.reason_zh if language == "zh" else known.reason_en, language),
        clears=None
        if known is None or known.clears is None
        else said_of(known.clears[0 if language == "zh" else 1], language),
        law=None if known is None else law_of(known, language),
        looks_at=[] if known is None else looked_at(known, language),
        steps=0 if known is None else steps([known.expression]),
        false_alarms=sorted(waybills(office.database, examples).items()),
        outlets=outlets,
        most=max((one.alerts for one in outlets.outlets), default=1),
        there=there,
        other=other_packs(office.judging.pack, there),
    )


def _rows(request: Request) -> tuple[list[RuleRow], Decided]:
    office, now_ms = office_of(request), request.state.now_ms
    ends, today = decided(office.database, now_ms), china_day(now_ms)
    days = rule_days(office.database, min(ends.since_day, today - DAYS + 1))
    still_open = open_by_rule(office.database)
    return rule_rows(office.judging.pack, days, ends, still_open, today, request.state.language), ends

"""Pages from templates: in the visitor's language, in China's time, and all text as text."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from parcelward.alerts.terminal import Language
from parcelward.alerts.verdict import named
from parcelward.console.people.sessions import Visitor
from parcelward.console.web.office import UNCERTAIN_MS, office_of
from parcelward.console.web.rights import may
from parcelward.console.web.rule_names import name_of_known
from parcelward.console.web.security import masked
from parcelward.console.web.words import KEYS, known, word
from parcelward.contract.cards import Bilingual
from parcelward.escaping import escaped_lines
from parcelward.moments import CHINA, DAY_MS, HOUR_MS, MINUTE_MS, ms_of, utc

PROPOSED = {"zh": "；建议：", "en": "; proposed: "}
"""Begins the last part of an alert's summary, which a list has in a column of its own."""
SHORT = 16
"""Characters of a token that are shown."""
STATIC = files("parcelward.console.web") / "static"
PLACES = (
    ("desk", "/desk"),
    ("couriers", "/couriers"),
    ("rules", "/rules"),
    ("model", "/model"),
    ("checks", "/checks"),
    ("duty", "/duty"),
    ("audit", "/audit"),
    ("parcels", "/parcels"),
)
"""Entries of the navigation: name of the route and its path."""


def _fit(value: Any) -> Any:
    """Make text from outside fit to be shown; Jinja then escapes it."""
    return escaped_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


ENVIRONMENT = Environment(
    loader=PackageLoader("parcelward.console.web"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_fit,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a template for whoever asks."""
    language: Language = request.state.language
    visitor: Visitor | None = request.state.visitor
    now_ms: int = request.state.now_ms
    context: dict[str, Any] = {
        "t": _speaker(language),
        "language": language,
        "visitor": visitor,
        "places": [one for one in PLACES if visitor and may(visitor.account.role, one[0])],
        "place": "",
        "now_ms": now_ms,
        "certain_ms": request.state.certain_ms,
        "is_late": now_ms - request.state.certain_ms > UNCERTAIN_MS,
        "csrf": lambda: _csrf(visitor),
        "switch": lambda other: _switch(request, other),
        "static_mark": static_mark(),
        "key_words": KEYS,
        "clock": clock,
        "short_time": lambda moment: short_time(moment, now_ms),
        "full_time": full_time,
        "left": lambda ms: left_in_words(ms - now_ms, language),
        "took": lambda ms: span_in_words(ms, language),
        "ms_of": as_ms,
        "say": lambda text: _say(text, language),
        "reason_in": lambda summary: _say(summary, language).partition(PROPOSED[language])[0],
        "name_of": namer(request.state.names, language),
        "known": lambda prefix, value: known(prefix, value, language),
        "query": query,
        "rule_name": lambda rule: bilingual(named(rule), language),
        "rule_title": lambda rule: name_of_known(office_of(request).judging.pack, rule, language),
    }
    return HTMLResponse(ENVIRONMENT.get_template(template).render(context | values), status)


def _speaker(language: Language) -> Callable[..., str]:
    def speak(key: str, /, **values: Any) -> str:
        return word(key, language).format(**values)

    return speak


def _say(text: Any, language: Language) -> str:
    """Give the text of a document, or of a row, in one language."""
    if isinstance(text, Mapping):
        return str(text[language])
    return str(getattr(text, language))


def bilingual(text: Bilingual, language: Language) -> str:
    """Give a text in one language."""
    return text.zh if language == "zh" else text.en


def namer(names: Mapping[str, str], language: Language) -> Callable[[str], str]:
    """Name people by their tokens; one that has no account here is somebody of another system."""

    def name(token: str) -> str:
        return names.get(token) or word("somebody_else", language).format(token=token.rstrip("_")[:SHORT])

    return name


def _csrf(visitor: Visitor | None) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(masked(visitor) if visitor else "")


def _switch(request: Request, other: str) -> str:
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/language/{other}?back={quote(back if request.method == 'GET' else '/')}"


def query(**values: Any) -> str:
    """Write what is set as the query of a URL, with its question mark.

    >>> query(lane="red", q=""), query()
    ('?lane=red', '')
    """
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""


def as_ms(moment: Any) -> int:
    """Give a moment of a document (text), of the contract (datetime) or of a row (milliseconds) in milliseconds."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return ms_of(moment) if isinstance(moment, datetime) else int(moment)


def clock(moment: Any) -> str:
    """Write the time of day in China."""
    return f"{utc(as_ms(moment)).astimezone(CHINA):%H:%M:%S}"


def short_time(moment: Any, now_ms: int) -> str:
    """Write a time in China, with its date unless that is today's."""
    local, today = utc(as_ms(moment)).astimezone(CHINA), utc(now_ms).astimezone(CHINA)
    return f"{local:%H:%M:%S}" if local.date() == today.date() else f"{local:%m-%d %H:%M}"


def full_time(moment: Any) -> str:
    """Write a time in China with its date."""
    return f"{utc(as_ms(moment)).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


def left_in_words(ms: int, language: Language) -> str:
    """Write what is left until a deadline, as `static/live.js` goes on counting it.

    >>> left_in_words(65_000, "en"), left_in_words(-3_725_000, "en")
    ('1:05', 'late by 1:02:05')
    """
    rest = abs(ms)
    days, hours, minutes = rest // DAY_MS, rest % DAY_MS // HOUR_MS, rest % HOUR_MS // MINUTE_MS
    seconds = rest // 1000 % 60
    if days:
        said = f"{days} {word('days_short', language)} {hours} {word('hours_short', language)}"
    else:
        said = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{word('late_by', language)} {said}" if ms < 0 else said


def span_in_words(ms: int, language: Language) -> str:
    """Write a length of time in one unit.

    >>> span_in_words(40_000, "en"), span_in_words(37 * 60_000, "zh"), span_in_words(9_000_000, "en")
    ('under 1 min', '37分钟', '2.5 h')
    >>> span_in_words(7_200_000, "en"), span_in_words(14 * DAY_MS, "en")
    ('2 h', '14 d')
    """
    if ms < MINUTE_MS:
        return word("span_moment", language)
    if ms < 2 * HOUR_MS:
        return word("span_minutes", language).format(n=ms // MINUTE_MS)
    if ms < 2 * DAY_MS:
        return word("span_hours", language).format(n=f"{ms / HOUR_MS:.1f}".removesuffix(".0"))
    return word("span_days", language).format(n=f"{ms / DAY_MS:.1f}".removesuffix(".0"))


@cache
def static_mark() -> str:
    """Give a mark that changes with the style and the scripts: they are kept in caches under it."""
    digest = hashlib.sha256()
    for name in ("design.css", "live.js", "vendor/htmx.min.js"):
        digest.update((STATIC / name).read_bytes())
    return digest.hexdigest()[:12]

"""The terms by which an alert is found, and those that a search is made of.

A term is what stands between two spaces, in lower case. Codes are terms as a whole. Chinese has no spaces, so each two
neighbouring characters of a goods name are a term ("打火机": 打火, 火机), and each character by itself, so that one
alone finds something, too.
"""

import re
from functools import lru_cache

from parcelward.console.store.records import AlertRead

MOST_WORDS = 12
"""Terms of one search; the others are left out."""
MOST_NAME = 120
"""Characters of a goods name that are looked at."""
_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[0-9a-z][0-9a-z.-]*")
_CHINESE = "\u3400"
_NO_TERM = re.compile(r"[\s\"'\\\x00-\x1f\x7f]+")


@lru_cache(maxsize=65_536)
def name_terms(name: str) -> str:
    """Terms of a goods name, between spaces.

    >>> name_terms("打火机 2kg")
    '打 打火 火 火机 机 2kg'
    """
    found: list[str] = []
    for run in _RUNS.findall(name[:MOST_NAME].lower()):
        if run[0] < _CHINESE:
            found.append(run)
            continue
        for at, character in enumerate(run):
            found.append(character)
            if at + 1 < len(run):
                found.append(run[at : at + 2])
    return " ".join(dict.fromkeys(found))


def terms_of(alert: AlertRead) -> str:
    """Terms of an alert: ids, codes, rules that it has or had, tokens, and its goods as declared and as found."""
    outlet, parties = alert.outlet, alert.parties
    found = [
        alert.waybill,
        alert.alert_id,
        alert.courier,
        outlet,
        f"{alert.courier}/{outlet}",
        *dict.fromkeys([one.rule for one in alert.findings]),
        *[one.rule for one in alert.found_before],
    ]
    if alert.operator is not None:
        found += [alert.operator, operator_term(alert.courier, alert.operator)]
    if parties.document_token is not None:
        found.append(parties.document_token)
    if parties.phone_token is not None:
        found.append(parties.phone_token)
    text = " ".join([one for one in found if one]).lower()
    if "\\" in text or "'" in text or '"' in text:
        text = _NO_TERM.sub(" ", text)
    if alert.card is not None:
        goods = alert.card.goods
        if goods.declared:
            text = f"{text} {name_terms(goods.declared)}"
        if goods.found and goods.found != goods.declared:
            text = f"{text} {name_terms(goods.found)}"
    return text


def operator_term(courier: str, operator: str) -> str:
    """The term of a member of staff: codes are only a courier's own."""
    return f"{courier}//{operator}".lower()


def searched(words: str) -> list[str]:
    """Terms that all must be there for what a person typed. A code is meant as a whole, a Chinese word in part.

    >>> searched("swift 打火机 6F9619FF")
    ['swift', '打火', '火机', '6f9619ff']
    """
    found: list[str] = []
    for word in _NO_TERM.sub(" ", words.lower()).split():
        if not any(character >= _CHINESE for character in word):
            found += [word] if any(map(str.isalnum, word)) else []
            continue
        for run in _RUNS.findall(word):
            whole = run[0] < _CHINESE or len(run) == 1
            found += [run] if whole else [run[at : at + 2] for at in range(len(run) - 1)]
    return list(dict.fromkeys(found))[:MOST_WORDS]

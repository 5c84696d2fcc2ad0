"""Load a rule pack: read, check, lint, compile, and run every rule's own examples."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from parcelward.contract.alerts import Action, Severity
from parcelward.features.table import FEATURES, INDEX, FeatureType, Row, Value
from parcelward.rules.check import ExpressionError, Node, check, fault_at
from parcelward.rules.compile import compiled, python_source
from parcelward.rules.cost import MAX_STEPS, steps
from parcelward.rules.laws import article_fault
from parcelward.rules.lint import least_counts, limits, meaning_fault, surely_known, value_fault
from parcelward.rules.rule import Example, Hit, Rule, RulePack, content_hash
from parcelward.rules.source import SourcePlace, read
from parcelward.rules.text import Language, Template, template

BUILT_IN = Path(__file__).with_name("acceptance.yaml")

MAX_RULES = 300
MAX_ID = 8

_RULE_KEYS = ("id", "name", "version", "severity", "action", "owner", "legal_basis", "about", "expr", "reason")
_EXAMPLE_KEYS = ("must_fire", "must_not_fire")
_PYTHON = {FeatureType.BOOL: bool, FeatureType.INT: int, FeatureType.DOUBLE: float, FeatureType.STRING: str}
_NOTHING: Sequence[Hit] = ()

Choice = TypeVar("Choice", bound=StrEnum)


def load_pack(path: Path | None) -> RulePack:
    """The rule pack of a file, or the built-in one; raises UserError naming file, line, column and rule.

    >>> pack = load_pack(None)
    >>> row = row_of({"sender_kind": "person", "document_check": "bad_checksum"})
    >>> [hit.rule.name for hit in pack.evaluate(row)]
    ['document_number_invalid']
    """
    return _built_in() if path is None else _pack(read(path, str(path)))


@cache
def _built_in() -> RulePack:
    return _pack(read(BUILT_IN, f"rules/{BUILT_IN.name}"))


def _pack(root: SourcePlace) -> RulePack:
    keys = root.mapping(("version", "rules"), ("extends", "without"))
    version = keys["version"].string()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", version):
        raise keys["version"].fault("version must be small letters, digits, '.', '_' or '-', as in 'acceptance-1'")
    if re.search(r"[0-9]{15}", version):
        raise keys["version"].fault("version has more than 14 digits in a row, the length of a date with a time")
    places = keys["rules"].items()
    if not places and "extends" not in keys:
        raise keys["rules"].fault("there is no rule")
    if len(places) > MAX_RULES:
        raise keys["rules"].fault(f"there are {len(places):,} rules; {MAX_RULES} are allowed")
    own = tuple(_rule(place) for place in places)
    _refuse_twins(own, places)
    rules = extended(own, keys, places) if keys.keys() & {"extends", "without"} else own
    if (taken := steps(rule.expression for rule in rules)) > MAX_STEPS:
        raise keys["rules"].fault(f"the rules take up to {taken:,} steps for each parcel; {MAX_STEPS:,} are allowed")
    pack = assemble(version, rules)
    for rule, place in zip(own, places, strict=True):
        _run_examples(pack, rule, place.about(f"rule {rule.id}"))
    return pack


def extended(own: Sequence[Rule], keys: dict[str, SourcePlace], places: Sequence[SourcePlace]) -> tuple[Rule, ...]:
    """The built-in rules with those of a pack: one with the id of a built-in rule replaces it, the others follow."""
    if "extends" not in keys:
        raise keys["without"].fault("'without' belongs to 'extends: built-in'")
    if keys["extends"].string() != "built-in":
        raise keys["extends"].fault("a pack can extend 'built-in' only")
    built_in = {rule.id: rule for rule in load_pack(None).rules}
    gone = {place.string(): place for place in (keys["without"].items() if "without" in keys else ())}
    for identity, place in gone.items():
        if identity not in built_in:
            raise place.fault(f"there is no built-in rule '{identity}'; `parcelward rules list` has them")
        if any(rule.id == identity for rule in own):
            raise place.fault(f"rule {identity} is left out and given at once")
    kept = {identity: rule for identity, rule in built_in.items() if identity not in gone}
    others = {rule.name: rule.id for rule in kept.values()}
    for rule, place in zip(own, places, strict=True):
        if others.get(rule.name, rule.id) != rule.id:
            raise place.about(f"rule {rule.id}").fault(
                f"name '{rule.name}' is already taken by rule {others[rule.name]}"
            )
    return tuple((kept | {rule.id: rule for rule in own}).values())


def assemble(version: str, rules: Sequence[Rule]) -> RulePack:
    """Compile checked rules into a pack. If their common function raises on a row, each rule is evaluated by itself."""
    nodes = [rule.expression for rule in rules]
    hits = [Hit(rule, None) for rule in rules]
    order = {rule.id: position for position, rule in enumerate(rules)}

    def in_order(found: list[Hit]) -> list[Hit]:
        if len(found) > 1:
            found.sort(key=lambda hit: order[hit.rule.id])
        return found

    names = {
        "nothing": _NOTHING,
        "in_order": in_order,
        "failed": lambda position, reason: Hit(rules[position], reason),
        **{f"H{position}": hit for position, hit in enumerate(hits)},
    }
    python = python_source(nodes)
    together = compiled(python, nodes, names)

    @cache
    def apart() -> list[Callable[[Row], Sequence[Hit]]]:
        return [_alone(hit, node, names) for hit, node in zip(hits, nodes, strict=True)]

    def one_by_one(row: Row) -> Sequence[Hit]:
        found: list[Hit] = []
        for rule, function in zip(rules, apart(), strict=True):
            try:
                found.extend(function(row))
            except Exception as error:
                found.append(Hit(rule, f"{type(error).__name__} in the rule's evaluation"))
        return found

    def evaluate(row: Row) -> Sequence[Hit]:
        try:
            found: Sequence[Hit] = together(row)
        except Exception:
            # A value has another type than the feature table says. Find out which rules that breaks, keep the others.
            return one_by_one(row)
        return found

    return RulePack(version, content_hash(rules), tuple(rules), evaluate, python)


@lru_cache(maxsize=8)
def resting_on(pack: RulePack, counts: frozenset[str]) -> RulePack:
    """The rules of a pack whose findings may rest on one of these counts, as a pack."""
    return assemble(pack.version, [rule for rule in pack.rules if counts & rule.least.keys()])


def _alone(hit: Hit, node: Node, names: dict[str, Any]) -> Callable[[Row], Sequence[Hit]]:
    """The function of one rule by itself."""
    own = {**names, "H0": hit, "failed": lambda _, reason: Hit(hit.rule, reason)}
    return compiled(python_source([node]), [node], own)


def row_of(values: dict[str, Value]) -> Row:
    """A row with these features; all others are unknown."""
    row: Row = [None] * len(FEATURES)
    for name, value in values.items():
        row[INDEX[name]] = value
    return row


def _rule(place: SourcePlace) -> Rule:
    given = place.mapping()  # names a place that is no mapping, or a key that is given twice, before anything else
    if "id" in given and isinstance(named := given["id"].value(), str):
        place = place.about(f"rule {named[:MAX_ID]}")
    keys = place.mapping(_RULE_KEYS, ("examples", "clears"))
    identity = keys["id"].string()
    of = f"rule {identity}"
    keys = {key: value.about(of) for key, value in keys.items()}
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", identity):
        raise keys["id"].fault("an id is a capital letter, then capitals or digits, as in R5")
    name = keys["name"].string()
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,47}", name):
        raise keys["name"].fault("a name is snake_case, 3 to 48 characters, as in impossible_travel")
    source = keys["expr"].uncut()
    try:
        expression = check(source)
        if (nonsense := meaning_fault(expression)) is not None:
            raise fault_at(source, nonsense.at, nonsense.message)
    except ExpressionError as fault:
        raise keys["expr"].within(fault.line, fault.column, fault.message) from None
    known = surely_known(expression)
    reason_zh, reason_en = _texts(keys["reason"], "reason", known)
    return Rule(
        id=identity,
        name=name,
        version=keys["version"].whole(),
        severity=_choice(keys["severity"], Severity),
        action=_choice(keys["action"], Action),
        owner=keys["owner"].string(),
        legal_basis=_legal_basis(keys["legal_basis"]),
        about=keys["about"].uncut().strip(),
        source=source.strip(),
        expression=expression,
        reason_zh=reason_zh,
        reason_en=reason_en,
        clears=_texts(keys["clears"], "clears", known) if "clears" in keys else None,
        examples=_examples(keys["examples"].about(of)) if "examples" in keys else _no_examples(place.about(of)),
        fields=expression.features,
        limits=limits(expression),
        least=least_counts(expression),
    )


def _legal_basis(place: SourcePlace) -> str:
    """A legal basis whose articles exist, as far as the law's number of articles is known."""
    basis = place.uncut()
    if (fault := article_fault(basis)) is not None:
        raise place.fault(f"legal_basis: {fault}")
    return basis


def _no_examples(place: SourcePlace) -> tuple[Example, ...]:
    raise place.fault("'examples' is missing; give at least one row that must fire and one that must not")


def _choice(place: SourcePlace, choices: type[Choice]) -> Choice:
    word = place.string()
    try:
        return choices(word)
    except ValueError:
        raise place.fault(f"'{word}' is none of {', '.join(choices)}") from None


def _texts(place: SourcePlace, key: str, known: frozenset[str]) -> tuple[Template, Template]:
    """A text in Chinese and in English."""
    texts = place.mapping(("zh", "en"))
    return _text(texts["zh"], key, "zh", known), _text(texts["en"], key, "en", known)


def _text(place: SourcePlace, key: str, language: Language, known: frozenset[str]) -> Template:
    try:
        parsed = template(place.uncut().strip(), language)
    except ValueError as error:
        raise place.fault(f"{key} ({language}) {error}") from None
    for placeholder in parsed.placeholders:
        name = placeholder.feature
        if name not in INDEX:
            close = get_close_matches(name, INDEX, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise place.fault(f"{key} ({language}) names unknown feature '{name}'{hint}")
        if placeholder.default is None and name not in known:
            raise place.fault(
                f"{key} ({language}): '{name}' can be unknown when the rule fires; test it in expr, or write what to "
                f"say then: {{{name}|...}}"
            )
    return parsed


def _examples(place: SourcePlace) -> tuple[Example, ...]:
    keys = place.mapping(_EXAMPLE_KEYS)
    found: list[Example] = []
    for key in _EXAMPLE_KEYS:
        rows = keys[key].about(place.of).items()
        if not rows:
            raise keys[key].about(place.of).fault(f"'{key}' needs at least one row")
        found += [Example(_example_row(row), key == "must_fire") for row in rows]
    return tuple(found)


def _example_row(place: SourcePlace) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, entry in place.mapping().items():
        if name not in INDEX:
            close = get_close_matches(name, INDEX, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise entry.fault(f"example names unknown feature '{name}'{hint}")
        kind = FEATURES[INDEX[name]].type
        value = entry.value()
        if kind is FeatureType.DOUBLE and type(value) is int:
            value = float(value)
        if type(value) is not _PYTHON[kind]:
            raise entry.fault(f"example gives {name} as {value!r}; it is of type {kind}")
        if (message := value_fault(name, value)) is not None:  # type: ignore[arg-type]
            raise entry.fault(f"example: {message}")
        values[name] = value  # type: ignore[assignment]
    return values


def _refuse_twins(rules: Sequence[Rule], places: Sequence[SourcePlace]) -> None:
    seen: dict[str, Rule] = {}
    for rule, place in zip(rules, places, strict=True):
        for what, key in (("id", rule.id), ("name", rule.name)):
            if key in seen:
                raise place.about(f"rule {rule.id}").fault(f"{what} '{key}' is already taken by rule {seen[key].id}")
            seen[key] = rule


def _run_examples(pack: RulePack, rule: Rule, place: SourcePlace) -> None:
    examples = place.mapping()["examples"].mapping()
    places = [entry for key in _EXAMPLE_KEYS for entry in examples[key].items()]
    for example, entry in zip(rule.examples, places, strict=True):
        hit = next((hit for hit in pack.evaluate(row_of(example.values)) if hit.rule is rule), None)
        if hit is not None and hit.error is not None:
            raise entry.about(place.of).fault(f"example makes the rule fail: {hit.error}")
        if (hit is not None) is not example.fires:
            said, does = ("must fire", "does not") if example.fires else ("must not fire", "fires")
            raise entry.about(place.of).fault(f"example contradicts the rule: it {said}, but {does}")

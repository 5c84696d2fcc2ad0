"""Changes between two revisions of an alert, from what to what: the facts, and the values that a finding rested on.

Facts are what couriers wrote, in a list of their own. A finding that is gone was true of the values of its features,
so one of these has changed: they are named, too, unless a changed fact says it already. So no list can forget one.
"""

from collections.abc import Iterator, Mapping, Sequence

from parcelward.alerts.facts import Facts, Found, kept_value
from parcelward.alerts.model_finding import SCORE
from parcelward.contract.cards import Bilingual, Change
from parcelward.escaping import escaped
from parcelward.features.plain_words import label, value_in_words
from parcelward.features.table import FEATURES, INDEX, Value
from parcelward.rules.words import WORDS

NAMES = {
    "goods_name": ("申报品名", "declared goods name"),
    "found_goods": ("验视所见物品", "goods found at the inspection"),
    "weight_g": ("收寄重量（克）", "weight at acceptance (g)"),
    "inspected_weight_g": ("验视重量（克）", "weight at inspection (g)"),
    "inspection_result": ("验视结果", "inspection result"),
    "inspection_opened": ("是否开箱", "parcel opened"),
    "document_check": ("证件号校验结果", "check of the document number"),
    "document": ("寄件人证件", "sender's document"),
    "name": ("寄件人姓名", "sender's name"),
    "phone": ("寄件人电话", "sender's phone"),
    "verify_method": ("证件核验方式", "how the document was read"),
    "real_name_overdue": ("实名登记逾期", "real-name registration overdue"),
    "inspection_overdue": ("验视记录逾期", "inspection record overdue"),
    "scan_overdue": ("安检记录逾期", "security scan overdue"),
    "scan_decision": ("安检判定", "decision of the security scan"),
    "quantity": ("申报件数", "declared pieces"),
    "outlet": ("收寄网点", "accepting outlet"),
    "agreement_id": ("协议编号", "agreement number"),
}
_SAID_BY = (
    ("goods_", ("goods_name",)),
    ("found_", ("found_goods",)),
    ("weight_", ("weight_g", "inspected_weight_g", "quantity")),
    ("inspection_done", ("inspection_result",)),
    ("real_name_done", ("goods_name",)),
    ("scan_done", ("scan_decision",)),
    ("physical_read", ("verify_method",)),
    ("sender_named", ("name",)),
    ("agreement_missing", ("agreement_id",)),
)
"""Features by the beginning of their names, and the facts of which a change says enough about them."""


def changes_between(
    before: Facts | None, after: Facts, gone: Sequence[Found], values: Mapping[str, Value]
) -> tuple[Change, ...]:
    """Say what differs between two revisions, of which the later one no longer finds `gone`.

    `values` holds those of now, the score included. Of a record that an older version wrote less is known.
    """
    facts = () if before is None else tuple(_changed_facts(before, after))
    said = {one.what for one in facts}
    return (*facts, *_changed_values(gone, values, said))


def _changed_facts(before: Facts, after: Facts) -> Iterator[Change]:
    for name in Facts.__struct_fields__:
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            zh, en = NAMES[name]
            yield _change(name, Bilingual(zh=zh, en=en), was, now, _in_words(name, was), _in_words(name, now))


def _changed_values(gone: Sequence[Found], values: Mapping[str, Value], said: set[str]) -> Iterator[Change]:
    for finding in gone:
        changed = [name for name, was in finding.values.items() if was != kept_value(values.get(name))]
        if finding.values and not changed:
            yield _other_rule(finding.rule)
        for name in changed:
            if name not in said and not _is_said(name, said):
                was, now = finding.values[name], kept_value(values.get(name))
                shown = _value_in_words(name, was), _value_in_words(name, now)
                if shown[0] == shown[1]:  # all digits, where those that a person reads do not differ
                    shown = (_plain(was),) * 2, (_plain(now),) * 2
                yield _change(name, _called(name), was, now, *shown)
        said.update(changed)


def _is_said(name: str, said: set[str]) -> bool:
    return any(name.startswith(beginning) and said.intersection(facts) for beginning, facts in _SAID_BY)


def _other_rule(rule: str) -> Change:
    """Say that a finding is gone although its values are the same: then what judges them is another."""
    text = Bilingual(zh=f"规则{rule}已修改", en=f"rule {rule} itself was changed")
    return Change(what="rule", before=rule, after=None, text=text)


def _called(name: str) -> Bilingual:
    return Bilingual(zh="模型评分", en="model score") if name == SCORE else label(FEATURES[INDEX[name]])


def _value_in_words(name: str, value: Value) -> tuple[str, str]:
    if isinstance(value, str) and name in WORDS:
        return _in_words(name, value)
    if name == SCORE and isinstance(value, float):
        return (f"{value:.2f}",) * 2
    shown = value_in_words(FEATURES[INDEX[name]], value)
    return escaped(shown.zh), escaped(shown.en)


def _change(what: str, called: Bilingual, was: Value, now: Value, old: tuple[str, str], new: tuple[str, str]) -> Change:
    return Change(
        what=what,
        before=None if was is None else _plain(was),
        after=None if now is None else _plain(now),
        text=_new(called, new)
        if was is None
        else Bilingual(zh=f"{called.zh}：{old[0]} → {new[0]}", en=f"{called.en}: {old[1]} → {new[1]}"),
    )


def _new(called: Bilingual, now: tuple[str, str]) -> Bilingual:
    """Say what was unknown before; a later record, mostly, and nobody changed anything."""
    return Bilingual(zh=f"{called.zh}：{now[0]}（此前未知）", en=f"{called.en}: {now[1]} (unknown before)")


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_words(name: str, value: object) -> tuple[str, str]:
    """The value in Chinese and in English."""
    if value is None:
        return "未知", "unknown"
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    text = escaped(str(value))
    return WORDS.get(name, {}).get(text, (text, text))

"""The card as a page a person reads: docs/model.md."""

from collections.abc import Sequence

from parcelward.features.table import FEATURES, INDEX
from parcelward.model.card import Card


def page(card: Card) -> str:
    """Markdown of everything the card says. Written by training; do not edit it by hand."""
    parts = [
        f"# The risk model, release {card.version}",
        "Written by `make model` from the release's card. The model is gradient-boosted trees (scikit-learn), released"
        " as ONNX, scored with ONNX Runtime. It scores a shipment at every event, on what is known by then; a waybill"
        " stands with its highest score. It sees the features listed below and nothing else.",
        *_data(card),
        *_quality(card),
        *_at_threshold(card),
        "## Limits",
        "\n".join(f"- {limit}" for limit in card.limits),
        "## Features",
        _features(card),
        "## Built with",
        f"{_pairs(card.libraries)}. Artefact SHA-256 `{card.artefact_sha256}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _data(card: Card) -> tuple[str, ...]:
    lines = [
        (
            split.name,
            f"{split.first_day} to {split.last_day}",
            f"{split.waybills:,}",
            f"{split.violations:,}",
            _percent(split.violations / split.waybills),
            f"{split.rows:,}",
        )
        for split in card.data.splits
    ]
    return (
        "## What it was trained on",
        f"{card.data.source} Parameters: {_pairs(card.data.parameters)}. Seed {card.seed}."
        f" SHA-256 over all rows and labels: `{card.data.sha256}`.",
        "Time runs from left to right: the model is fitted on the first slice, chosen and given its threshold on the"
        " second, and only measured on the third.",
        _table(("slice", "days", "waybills", "violations", "share", "screenings"), lines),
        f"Recipe: {_pairs(card.recipe)}. Candidates tried, by average precision on the validation days (`rows` names"
        " the screenings of a waybill that are learnt from; each waybill weighs the same):",
        _table(
            tuple(card.candidates[0]) if card.candidates else (),
            [tuple(str(value) for value in candidate.values()) for candidate in card.candidates],
        ),
    )


def _quality(card: Card) -> tuple[str, ...]:
    metrics, test = card.metrics, card.data.splits[-1]
    lines = []
    persons = metrics.among_persons.model_copy(
        update={"name": f"model, among parcels of persons only ({_percent(metrics.persons_base_rate)} violations)"}
    )
    for each in (metrics.model, *metrics.baselines, persons):
        found = [f"{_percent(budget.precision)} / {_percent(budget.recall)}" for budget in each.budgets]
        lines.append((each.name, f"{each.auc:.4f}", f"{each.average_precision:.4f}", *found))
    heads = [f"precision / recall at {budget.share:.1%}" for budget in metrics.model.budgets]
    return (
        "## How good it is",
        f"Measured on the test days: {test.waybills:,} waybills, {test.violations:,} planted violations"
        f" ({_percent(metrics.base_rate)}). Each line orders all waybills; the last columns say what people find who"
        " review that share from the top.",
        _table(("ordered by", "AUC", "average precision", *heads), lines),
        "Nine parcels in ten are collected from shops in bulk and are easy to tell from anything else; the last line"
        " leaves them out.",
        f"Calibration: the mean score at the last screening is {_percent(metrics.mean_score)} where"
        f" {_percent(metrics.base_rate)} are violations; Brier score {metrics.brier}.",
    )


def _at_threshold(card: Card) -> tuple[str, ...]:
    at = card.metrics.at_threshold
    flagged = [
        ("model", at.flagged_share, at.precision, at.recall),
        ("rules", at.rules_flagged_share, at.rules_precision, at.rules_recall),
        ("either", at.either_flagged_share, at.either_precision, at.either_recall),
    ]
    patterns = [
        (one.pattern, str(one.planted), _percent(one.by_rules), _percent(one.by_model), _percent(one.by_either))
        for one in card.metrics.patterns
    ]
    return (
        "## The threshold",
        f"{card.threshold}: {card.threshold_choice}. On the test days:",
        _table(
            ("flagged by", "share of waybills", "precision", "recall"),
            [(name, *(_percent(share) for share in shares)) for name, *shares in flagged],
        ),
        "Recall by planted pattern (R22 are the hidden ones that no rule describes):",
        _table(("pattern", "planted", "by rules", "by model", "by either"), patterns),
    )


def _features(card: Card) -> str:
    return _table(
        ("feature", "unit", "meaning", "含义"),
        [
            (f"`{feature.name}`", feature.unit, feature.meaning, feature.meaning_zh)
            for feature in (FEATURES[INDEX[name]] for name in card.features)
        ],
    )


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))


def _pairs(values: dict[str, int | float | str] | dict[str, str] | dict[str, int | float | str | bool]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")

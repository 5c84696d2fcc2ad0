"""The card as a page a person reads: docs/model.md."""

from collections.abc import Iterable, Sequence

from parcelward.features import FEATURES, INDEX
from parcelward.model.card import Card, Ranking


def page(card: Card) -> str:
    """Markdown of everything the card says. Written by training; do not edit it by hand."""
    at, metrics = card.metrics.at_threshold, card.metrics
    test = card.data.splits[-1]
    parts = [
        f"# The risk model, release {card.version}",
        "Written by `make model` from the release's card. The model is gradient-boosted trees (scikit-learn), released"
        " as ONNX, scored with ONNX Runtime. It scores a shipment at every event, on what is known by then; a waybill"
        " stands with its highest score. It sees the features listed below and nothing else.",
        "## What it was trained on",
        f"{card.data.source} Parameters: {_pairs(card.data.parameters)}. Seed {card.seed}."
        f" SHA-256 over all rows and labels: `{card.data.sha256}`.",
        "Time runs from left to right: the model is fitted on the first slice, chosen and given its threshold on the"
        " second, and only measured on the third.",
        _table(
            ("slice", "days", "waybills", "violations", "share", "screenings"),
            [
                (
                    split.name,
                    f"{split.first_day} to {split.last_day}",
                    f"{split.waybills:,}",
                    f"{split.violations:,}",
                    _percent(split.violations / split.waybills),
                    f"{split.rows:,}",
                )
                for split in card.data.splits
            ],
        ),
        f"Recipe: {_pairs(card.recipe)}. Candidates tried, by average precision on the validation days (`rows` names"
        " the screenings of a waybill that are learnt from; each waybill weighs the same):",
        _table(
            tuple(card.candidates[0]) if card.candidates else (),
            [tuple(str(value) for value in candidate.values()) for candidate in card.candidates],
        ),
        "## How good it is",
        f"Measured on the test days: {test.waybills:,} waybills, {test.violations:,} planted violations"
        f" ({_percent(metrics.base_rate)}). Each line orders all waybills; the columns say what people find who review"
        " the top 0.1 %, 0.5 % and 1 %.",
        _rankings((metrics.model, *metrics.baselines)),
        f"Calibration: the mean score at the last screening is {_percent(metrics.mean_score)} where"
        f" {_percent(metrics.base_rate)} are violations; Brier score {metrics.brier}.",
        "## The threshold",
        f"{card.threshold}: {card.threshold_choice}. On the test days:",
        _table(
            ("flagged by", "share of waybills", "precision", "recall"),
            [
                ("model", _percent(at.flagged_share), _percent(at.precision), _percent(at.recall)),
                ("rules", _percent(at.rules_flagged_share), _percent(at.rules_precision), _percent(at.rules_recall)),
                (
                    "either",
                    _percent(at.either_flagged_share),
                    _percent(at.either_precision),
                    _percent(at.either_recall),
                ),
            ],
        ),
        "Recall by planted pattern (R22 are the hidden ones that no rule describes):",
        _table(
            ("pattern", "planted", "by rules", "by model", "by either"),
            [
                (p.pattern, str(p.planted), _percent(p.by_rules), _percent(p.by_model), _percent(p.by_either))
                for p in metrics.patterns
            ],
        ),
        "## Limits",
        "\n".join(f"- {limit}" for limit in card.limits),
        "## Features",
        _table(
            ("feature", "unit", "meaning", "含义"),
            [
                (f"`{feature.name}`", feature.unit, feature.meaning, feature.meaning_zh)
                for feature in (FEATURES[INDEX[name]] for name in card.features)
            ],
        ),
        "## Built with",
        f"{_pairs(card.libraries)}. Artefact SHA-256 `{card.artefact_sha256}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rankings(rankings: Iterable[Ranking]) -> str:
    lines = []
    for each in rankings:
        found = [f"{_percent(budget.precision)} / {_percent(budget.recall)}" for budget in each.budgets]
        lines.append((each.name, f"{each.auc:.4f}", f"{each.average_precision:.4f}", *found))
    heads = [f"precision / recall at {share}" for share in ("0.1 %", "0.5 %", "1 %")]
    return _table(("ordered by", "AUC", "average precision", *heads), lines)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))


def _pairs(values: dict[str, int | float | str] | dict[str, str] | dict[str, int | float | str | bool]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _percent(share: float) -> str:
    return f"{share:.2%}".replace("%", " %")

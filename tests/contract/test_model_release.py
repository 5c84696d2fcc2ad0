"""The committed release: usable as it lies there, honestly described, and blind to who a person is."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from parcelward.features.table import FEATURES, INDEX, MODEL_FEATURES, FeatureType, Row
from parcelward.model import RiskModel, load_model
from parcelward.model.card import PARITY, resolve_release
from parcelward.settings import Settings
from parcelward.training.report import page

ROOT = Path(__file__).parents[2]
CURRENT = ROOT / "models" / "current"

# Reviewed by people: each says something about the parcel, the act of acceptance, the outlet, or how often the same
# document or phone appears. None says what kind of human being the sender is. A new feature is added here on purpose.
_REVIEWED = """
    is_person physical_read agreement_missing inspection_delay_s inspection_duration_s inspection_opened
    inspection_mark real_name_upload_delay_s inspection_upload_delay_s backfilled corrections hour_of_day
    sender_sends_1h sender_sends_1d sender_sends_7d sender_phones_7d sender_names_7d sender_outlets_1d
    sender_outlets_7d sender_receivers_7d sender_goods_7d sender_weight_spread sender_known_days phone_documents_1d
    phone_documents_7d travel_km travel_kmh sender_is_operator sender_is_staff staff_sends_1d staff_share_1d
    operator_gap_s operator_fast_gaps_1h operator_inspections_10min operator_items_1d operator_manual_share_1d
    outlet_items_1h outlet_items_1d outlet_items_7d outlet_vague_share_1d outlet_top_goods_share_1d
    outlet_hour_share_7d outlet_overdue_1d photos photo_age_min goods_danger_severity goods_vague found_mismatch
    weight_g weight_per_piece_g weight_ratio weight_outside weight_change quantity value_per_kg scan_judged_s
"""
REVIEWED = frozenset(_REVIEWED.split())
TRAITS = ("ethnic", "nation", "religio", "belief", "opinion", "gender", "sex", "birth", "age_of", "region", "province",
          "county", "hometown", "address", "name_token", "document_token", "surname")  # fmt: skip
TRAITS_ZH = ("民族", "宗教", "性别", "年龄", "籍贯", "户籍", "出生", "国籍", "省份", "姓氏")


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return load_model(CURRENT)


def test_the_committed_release_loads_and_is_what_the_settings_name(model: RiskModel) -> None:
    assert ROOT / Settings.model_fields["model"].default == CURRENT
    assert resolve_release(CURRENT) == ROOT / "models" / model.version
    assert sorted(path.name for path in resolve_release(CURRENT).iterdir()) == [
        "card.json",
        "model.onnx",
        "parity.json",
    ]


def test_its_report_is_the_card(model: RiskModel) -> None:
    assert (ROOT / "docs" / "model.md").read_text(encoding="utf-8") == page(model.card)


def test_the_model_sees_only_reviewed_features_and_none_is_a_trait_of_a_person() -> None:
    assert set(MODEL_FEATURES) == REVIEWED
    for name in MODEL_FEATURES:
        feature = FEATURES[INDEX[name]]
        assert feature.type is not FeatureType.STRING, f"{name}: free text and codes stay out of the model"
        assert not [trait for trait in TRAITS if trait in name or trait in feature.meaning.lower()]
        assert not [trait for trait in TRAITS_ZH if trait in feature.meaning_zh]


def test_the_card_is_honest_about_time_base_rate_and_limits(model: RiskModel) -> None:
    splits = model.card.data.splits
    assert [split.name for split in splits] == ["train", "validation", "test"]
    assert all(one.last_day < other.first_day for one, other in pairwise(splits))
    assert model.card.metrics.base_rate < 0.01, "violations are rare; a card measured on many would flatter the model"
    assert any("simulated" in limit for limit in model.card.limits)
    assert model.card.metrics.model.auc < 0.999, "too good to be true"


def test_it_beats_every_baseline_that_has_no_model(model: RiskModel) -> None:
    metrics = model.card.metrics
    simple = [each for each in metrics.baselines if "model" not in each.name]
    assert len(simple) == 4
    assert all(metrics.model.average_precision > each.average_precision for each in simple)
    hidden = {pattern.pattern: pattern for pattern in metrics.patterns}["R22"]
    assert hidden.by_model > hidden.by_rules, "it is there for what no rule describes"


def test_every_explanation_of_its_sample_adds_up_and_is_in_both_languages(model: RiskModel) -> None:
    sample = json.loads((resolve_release(CURRENT) / PARITY).read_text())
    rows = []
    for line in sample["rows"]:
        row: Row = [None] * len(FEATURES)
        for name, value in zip(MODEL_FEATURES, line, strict=True):
            row[INDEX[name]] = value
        rows.append(row)
    assert model.score(rows) == pytest.approx(sample["scores"], abs=1e-5)
    for contributions, _, _ in model.explain(rows):
        assert 1 <= len(contributions) <= 5
        assert all(part.text.en.isascii() and not part.text.zh.isascii() for part in contributions)

"""The one table of features: rules ask them, the model sees them, alerts and docs explain them.

A feature is unknown (None) when its evidence has not arrived; a rule over an unknown feature does not fire, and the
model sees NaN. A share of fewer than 8 parcels is unknown as well. No feature says where a person comes from, what
they believe or which group they belong to.

The order of the lines is that of the documents and of the model's columns. Nothing else depends on it.
"""

from enum import StrEnum
from typing import NamedTuple


class FeatureType(StrEnum):
    """Type of a feature, named as in CEL."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"


class EvidenceKind(StrEnum):
    """Kind of evidence without which a feature is unknown."""

    ANY = "any event"  # needs none in particular
    ACCEPTANCE = "acceptance"  # the real-name event
    SENDER = "sender look-up"  # the profile of the document or of the phone, from the senders stage
    INSPECTION = "inspection"
    SCAN = "security scan"


class Feature(NamedTuple):
    """One feature: name, type, evidence, unit ('' for none), meaning in English and Chinese, whether the model sees it.

    `profile` numbers the features that a profile gives; 0: no profile does. Alerts keep these values in the order of
    their numbers (`alerts.snapshot`), so a number is given once and for good; a new feature gets the next one.
    """

    name: str
    type: FeatureType
    evidence: EvidenceKind
    unit: str
    meaning: str
    meaning_zh: str
    model: bool = False
    profile: int = 0


B, I, D, S = FeatureType.BOOL, FeatureType.INT, FeatureType.DOUBLE, FeatureType.STRING  # noqa: E741 - short, for a table
ANY, ACCEPTANCE, SENDER, INSPECTION, SCAN = EvidenceKind

FEATURES: tuple[Feature, ...] = (
    # who sends
    Feature("sender_kind", S, ACCEPTANCE, "", "kind of sender: person, organisation or agreement", "寄件人类型"),
    Feature("is_person", B, ACCEPTANCE, "", "sender is a person, so the per-parcel identity check applies", "寄件人为个人", model=True),
    Feature("document_check", S, ACCEPTANCE, "", "result of checking the document number", "证件号校验结果"),
    Feature("sender_named", B, ACCEPTANCE, "", "the registration has the sender's name", "已登记寄件人姓名"),
    Feature("sender_phone_check", S, ACCEPTANCE, "", "what was given as the sender's phone: a number, a privacy number, or no phone", "寄件人电话一栏所填内容"),
    Feature("verify_method", S, ACCEPTANCE, "", "how the document was read", "证件核验方式"),
    Feature("physical_read", B, ACCEPTANCE, "", "document was physically read (NFC or OCR)", "证件为现场读取", model=True),
    Feature("agreement_missing", B, ACCEPTANCE, "", "agreement sender without an agreement number", "协议客户缺少协议编号", model=True),
    # duties
    Feature("real_name_done", B, ANY, "", "a real-name event has arrived", "已实名登记"),
    Feature("inspection_done", B, ANY, "", "an inspection event has arrived", "已收寄验视"),
    Feature("inspection_exempt", B, ANY, "", "a letter, exempt from inspection", "信件，免验视"),
    Feature("scan_done", B, ANY, "", "a security scan has arrived", "已过机安检"),
    Feature("real_name_overdue", B, ANY, "", "the real-name event did not arrive in time", "实名登记逾期未到"),
    Feature("inspection_overdue", B, ANY, "", "the inspection event did not arrive in time", "验视记录逾期未到"),
    Feature("scan_overdue", B, ANY, "", "the security scan did not arrive in time", "安检记录逾期未到"),
    Feature("inspection_delay_s", D, INSPECTION, "s", "time from the acceptance to the inspection", "收寄至验视的时间", model=True),
    Feature("sealed_before_inspection", B, INSPECTION, "", "parcel was sealed before the inspection began", "先封装后验视"),
    Feature("inspection_duration_s", D, INSPECTION, "s", "length of the inspection", "验视时长", model=True),
    Feature("inspection_opened", B, INSPECTION, "", "the parcel was opened", "已开箱", model=True),
    Feature("inspection_result", S, INSPECTION, "", "outcome of the inspection", "验视结果"),
    Feature("inspection_mark", B, INSPECTION, "", "inspection mark was applied", "已加盖验视标识", model=True),
    Feature("real_name_upload_delay_s", D, ACCEPTANCE, "s", "upload delay of the real-name event (arrival minus event time)", "实名登记上传延迟", model=True),
    Feature("inspection_upload_delay_s", D, INSPECTION, "s", "upload delay of the inspection (arrival minus event time)", "验视记录上传延迟", model=True),
    Feature("backfilled", B, ANY, "", "a record was filled in later", "存在补录", model=True),
    Feature("corrections", I, ANY, "", "corrections received for this waybill", "更正次数", model=True),
    Feature("waybill_conflicts", I, ANY, "", "events that contradict earlier ones of this waybill", "同一运单内容冲突次数"),
    Feature("hour_of_day", I, ACCEPTANCE, "h", "local hour of acceptance (UTC+8)", "收寄时刻（小时）", model=True),
    # what this document and this phone did before, this parcel included
    Feature("sender_sends_1h", I, SENDER, "", "parcels sent under this document within 1 h", "该证件1小时内寄件数", model=True, profile=1),
    Feature("sender_sends_1d", I, SENDER, "", "parcels sent under this document within 1 day", "该证件1天内寄件数", model=True, profile=2),
    Feature("sender_sends_7d", I, SENDER, "", "parcels sent under this document within 7 days", "该证件7天内寄件数", model=True, profile=3),
    Feature("sender_phones_7d", I, SENDER, "", "different phones used with this document within 7 days", "该证件7天内不同电话数", model=True, profile=4),
    Feature("sender_names_7d", I, SENDER, "", "different names used with this document within 7 days", "该证件7天内不同姓名数", model=True, profile=5),
    Feature("sender_outlets_1d", I, SENDER, "", "different outlets that accepted this document within 1 day", "该证件1天内不同网点数", model=True, profile=6),
    Feature("sender_outlets_7d", I, SENDER, "", "different outlets that accepted this document within 7 days", "该证件7天内不同网点数", model=True, profile=7),
    Feature("sender_receivers_7d", I, SENDER, "", "different receivers of this document within 7 days", "该证件7天内不同收件人数", model=True, profile=8),
    Feature("sender_goods_7d", I, SENDER, "", "different goods names of this document within 7 days", "该证件7天内不同品名数", model=True, profile=9),
    Feature("sender_weight_spread", D, SENDER, "", "largest over smallest weight of this document within 7 days", "该证件7天内最大与最小重量之比", model=True, profile=10),
    Feature("sender_e_cigarettes_1d", I, SENDER, "", "e-cigarette parcels of this document on the calendar day of acceptance (UTC+8)", "该证件收寄当日（自然日）电子烟件数", profile=11),
    Feature("sender_known_days", D, SENDER, "d", "time since this document was first seen, up to 7 days; unknown for its first parcel", "该证件首次寄件距今时间（最多7天；首件为未知）", model=True, profile=12),
    Feature("phone_documents_1d", I, SENDER, "", "different documents used with this phone within 1 day", "该电话1天内不同证件数", model=True, profile=13),
    Feature("phone_documents_7d", I, SENDER, "", "different documents used with this phone within 7 days", "该电话7天内不同证件数", model=True, profile=14),
    Feature("travel_km", D, SENDER, "km", "distance to the previous physical reading of this document", "与上次现场读证的距离", model=True, profile=15),
    Feature("travel_kmh", D, SENDER, "km/h", "speed needed since the previous physical reading of this document", "与上次现场读证之间所需速度", model=True, profile=16),
    # operator and outlet
    Feature("sender_is_operator", B, ACCEPTANCE, "", "sender's document is the accepting operator's own", "寄件证件为揽收员本人证件", model=True, profile=17),
    Feature("sender_is_staff", B, ACCEPTANCE, "", "sender's document belongs to staff of this outlet", "寄件证件属于本网点从业人员", model=True, profile=18),
    Feature("staff_sends_1d", I, ACCEPTANCE, "", "parcels accepted by this operator under staff documents within 1 day", "该揽收员1天内以从业人员证件收寄件数", model=True, profile=19),
    Feature("staff_share_1d", D, ACCEPTANCE, "", "share of this operator's person parcels under staff documents within 1 day", "该揽收员1天内从业人员证件的件数占比", model=True, profile=20),
    Feature("operator_gap_s", D, INSPECTION, "s", "time since this operator's previous inspection", "距该验视员上一次验视的时间", model=True, profile=21),
    Feature("operator_fast_gaps_1h", I, INSPECTION, "", "inspections of this operator within 1 h that followed in under 5 s", "该验视员1小时内间隔不足5秒的验视次数", model=True, profile=22),
    Feature("operator_inspections_10min", I, INSPECTION, "", "inspections by this operator within 10 min", "该验视员10分钟内验视件数", model=True, profile=23),
    Feature("operator_items_1d", I, ACCEPTANCE, "", "parcels accepted by this operator within 1 day", "该揽收员1天内收寄件数", model=True, profile=24),
    Feature("operator_manual_share_1d", D, ACCEPTANCE, "", "share of this operator's person parcels read by hand within 1 day", "该揽收员1天内手工录入证件占比", model=True, profile=25),
    Feature("outlet_items_1h", I, ANY, "", "parcels accepted by this outlet within 1 h", "该网点1小时内收寄件数", model=True, profile=26),
    Feature("outlet_items_1d", I, ANY, "", "parcels accepted by this outlet within 1 day", "该网点1天内收寄件数", model=True, profile=27),
    Feature("outlet_items_7d", I, ANY, "", "parcels accepted by this outlet within 7 days", "该网点7天内收寄件数", model=True, profile=28),
    Feature("outlet_walk_in_items_1d", I, ANY, "", "parcels of persons accepted by this outlet within 1 day", "该网点1天内个人散件数", profile=29),
    Feature("outlet_vague_share_1d", D, ACCEPTANCE, "", "share of vague goods names among the outlet's walk-in parcels within 1 day", "该网点1天内散件笼统品名占比", model=True, profile=30),
    Feature("outlet_top_goods_share_1d", D, ACCEPTANCE, "", "share of the most frequent goods name among the outlet's walk-in parcels within 1 day", "该网点1天内散件最常见品名占比", model=True, profile=31),
    Feature("outlet_hour_share_7d", D, ACCEPTANCE, "", "share of the outlet's parcels of 7 days accepted in this hour of the day", "该网点7天内在该时段收寄占比", model=True, profile=32),
    Feature("outlet_overdue_1d", I, ANY, "", "waybills of this outlet with an overdue duty within 1 day", "该网点1天内义务逾期件数", model=True, profile=33),
    # photos
    Feature("photos", I, INSPECTION, "", "photos taken at inspection", "验视照片数", model=True),
    Feature("photo_reused_from", S, INSPECTION, "", "other waybill of this outlet that carried the same photo", "本网点相同照片所在的另一运单", profile=34),
    Feature("photo_reused", B, INSPECTION, "", "a photo of this inspection belongs to another waybill of this outlet", "验视照片与本网点其他运单相同", profile=35),
    Feature("photo_age_min", D, INSPECTION, "min", "time from the oldest photo to the inspection", "最早一张照片至验视的时间", model=True),
    # goods
    Feature("goods_name", S, ACCEPTANCE, "", "declared goods name", "申报品名"),
    Feature("goods_danger_severity", I, ACCEPTANCE, "", "worst dangerous term declared: 0 none, 1 care, 2 restricted, 3 prohibited", "申报品名禁限寄等级", model=True),
    Feature("goods_danger_terms", S, ACCEPTANCE, "", "dangerous terms in the declared goods name", "申报品名中的禁限寄物品词"),
    Feature("goods_danger_category", S, ACCEPTANCE, "", "category of the worst declared term in the 2016 prohibited list", "申报品名中禁限寄物品词所属类别"),
    Feature("goods_battery", B, ACCEPTANCE, "", "goods name names a lithium battery or power bank", "品名含锂电池或充电宝"),
    Feature("goods_lithium", S, ACCEPTANCE, "", "lithium batteries by the goods name: alone, or inside equipment that ordinarily holds one", "品名所示锂电池：单独电池，或通常装有锂电池的设备"),
    Feature("goods_vague", B, ACCEPTANCE, "", "goods name says nothing that could be inspected", "品名笼统", model=True),
    Feature("goods_restricted", S, ACCEPTANCE, "", "restricted goods: e_cigarette or cigarette", "限寄物品"),
    Feature("goods_restricted_units", I, ACCEPTANCE, "", "units of restricted goods: cigarettes in sticks, e-cigarettes in pieces", "限寄物品数量"),
    Feature("goods_over_limit", B, ACCEPTANCE, "", "goods name states more restricted goods than one parcel may hold", "品名所示限寄物品超过单件限量"),
    Feature("dangerous_declared", B, ACCEPTANCE, "", "a dangerous-goods declaration accompanies the parcel", "附有危险品申报"),
    Feature("found_danger_severity", I, INSPECTION, "", "worst dangerous term in what the inspector saw", "验视所见物品禁限寄等级"),
    Feature("found_danger_terms", S, INSPECTION, "", "dangerous terms in what the inspector saw", "验视所见中的禁限寄物品词"),
    Feature("found_removed", S, INSPECTION, "", "prohibited goods that the inspector says were taken out", "验视记录已取出的禁寄物品"),
    Feature("found_listed", B, INSPECTION, "", "the inspector recorded a category of the prohibited list (publications left out)", "验视记录了禁寄类别（出版物除外）"),
    Feature("found_category", S, INSPECTION, "", "prohibited-list category the inspector recorded", "验视记录的禁寄类别"),
    Feature("found_mismatch", B, INSPECTION, "", "inspector saw other goods than declared", "验视所见与申报不符", model=True),
    Feature("weight_g", I, ACCEPTANCE, "g", "weight at acceptance", "收寄重量", model=True),
    Feature("weight_per_piece_g", D, ACCEPTANCE, "g", "weight at acceptance per declared piece", "单件重量", model=True),
    Feature("weight_ratio", D, ACCEPTANCE, "", "weight per piece over the usual weight of such goods", "单件重量与该类物品常见重量之比", model=True),
    Feature("weight_outside", B, ACCEPTANCE, "", "weight per piece outside what such goods weigh", "单件重量超出该类物品合理范围", model=True),
    Feature("weight_change", D, INSPECTION, "", "change of the weight from acceptance to inspection (over that at acceptance)", "验视重量较收寄重量的变化", model=True),
    Feature("weight_change_g", I, INSPECTION, "g", "difference between the weights at acceptance and at inspection, absolute", "验视重量与收寄重量之差"),
    Feature("quantity", I, ACCEPTANCE, "", "declared number of pieces", "申报件数", model=True),
    Feature("value_per_kg", D, ACCEPTANCE, "CNY/kg", "declared value per kilogram", "每千克申报价值", model=True),
    Feature("transport_mode", S, ACCEPTANCE, "", "how the parcel will travel", "运输方式"),
    # security scan
    Feature("scan_decision", S, SCAN, "", "what the X-ray judge decided", "安检判定"),
    Feature("scan_judged_s", D, SCAN, "s", "time the X-ray judge took", "安检判图时间", model=True),
    Feature("waybill_conflict_fields", S, ACCEPTANCE, "", "fields in which real-name records of this waybill contradict each other", "同一运单实名记录相互矛盾的字段"),
)  # fmt: skip

INDEX: dict[str, int] = {feature.name: position for position, feature in enumerate(FEATURES)}
MODEL_FEATURES: tuple[str, ...] = tuple(feature.name for feature in FEATURES if feature.model)

Value = str | int | float | bool | None
Row = list[Value]  # a value of each feature; `INDEX` says where
OF_SENDER = frozenset(one.name for one in FEATURES if one.evidence is EvidenceKind.SENDER)
"""Features that are all unknown where neither the sender's document nor their phone was looked up."""

"""The one ordered list of features: what rules may ask, what the model sees, what alerts and docs explain.

A feature is unknown (None) when its evidence has not arrived; a rule over an unknown feature does not fire, and the
model sees NaN. A share of fewer than 8 parcels is unknown as well. No feature says where a person comes from, what
they believe or which group they belong to.
"""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Type of a feature, named as in CEL."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"


class Feature(NamedTuple):
    """One feature: name, type, unit ('' for none), meaning in English and Chinese, whether the model sees it."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    meaning_zh: str
    model: bool = False


B, I, D, S = Kind.BOOL, Kind.INT, Kind.DOUBLE, Kind.STRING  # noqa: E741 - a table reads better with short names

FEATURES: tuple[Feature, ...] = (
    # who sends
    Feature("sender_kind", S, "", "kind of sender: person, organisation or agreement", "寄件人类型"),
    Feature("is_person", B, "", "sender is a person, so the per-parcel identity check applies", "寄件人为个人", True),
    Feature("document_check", S, "", "result of checking the document number", "证件号校验结果"),
    Feature("verify_method", S, "", "how the document was read", "证件核验方式"),
    Feature("physical_read", B, "", "document was physically read (NFC or OCR)", "证件为现场读取", True),
    Feature("agreement_missing", B, "", "agreement sender without an agreement number", "协议客户缺少协议编号", True),
    # duties
    Feature("real_name_done", B, "", "a real-name event has arrived", "已实名登记"),
    Feature("inspection_done", B, "", "an inspection event has arrived", "已收寄验视"),
    Feature("inspection_exempt", B, "", "a letter, exempt from inspection", "信件，免验视"),
    Feature("scan_done", B, "", "a security scan has arrived", "已过机安检"),
    Feature("real_name_overdue", B, "", "the real-name event did not arrive in time", "实名登记逾期未到"),
    Feature("inspection_overdue", B, "", "the inspection event did not arrive in time", "验视记录逾期未到"),
    Feature("scan_overdue", B, "", "the security scan did not arrive in time", "安检记录逾期未到"),
    Feature("inspection_delay_s", D, "s", "inspection time minus acceptance time", "验视晚于收寄的时间", True),
    Feature("sealed_before_inspection", B, "", "parcel was sealed before the inspection began", "先封装后验视"),
    Feature("inspection_duration_s", D, "s", "length of the inspection", "验视时长", True),
    Feature("inspection_opened", B, "", "the parcel was opened", "已开箱", True),
    Feature("inspection_result", S, "", "outcome of the inspection", "验视结果"),
    Feature("inspection_mark", B, "", "inspection mark was applied", "已加盖验视标识", True),
    Feature("real_name_upload_delay_s", D, "s", "arrival minus event time of the real-name event", "实名记录上传延迟", True),
    Feature("inspection_upload_delay_s", D, "s", "arrival minus event time of the inspection", "验视记录上传延迟", True),
    Feature("backfilled", B, "", "a record was filled in later", "存在补录", True),
    Feature("corrections", I, "", "corrections received for this waybill", "更正次数", True),
    Feature("waybill_conflicts", I, "", "events that contradict earlier ones of this waybill", "同一运单内容冲突次数"),
    Feature("hour_of_day", I, "h", "local hour of acceptance (UTC+8)", "收寄时刻（小时）", True),
    # what this document and this phone did before, this parcel included
    Feature("sender_sends_1h", I, "", "parcels sent under this document within 1 h", "该证件1小时内寄件数", True),
    Feature("sender_sends_1d", I, "", "parcels sent under this document within 1 day", "该证件1天内寄件数", True),
    Feature("sender_sends_7d", I, "", "parcels sent under this document within 7 days", "该证件7天内寄件数", True),
    Feature("sender_phones_7d", I, "", "different phones used with this document within 7 days", "该证件7天内不同电话数", True),
    Feature("sender_names_7d", I, "", "different names used with this document within 7 days", "该证件7天内不同姓名数", True),
    Feature("sender_outlets_1d", I, "", "different outlets that accepted this document within 1 day", "该证件1天内不同网点数", True),
    Feature("sender_outlets_7d", I, "", "different outlets that accepted this document within 7 days", "该证件7天内不同网点数", True),
    Feature("sender_receivers_7d", I, "", "different receivers of this document within 7 days", "该证件7天内不同收件人数", True),
    Feature("sender_goods_7d", I, "", "different goods names of this document within 7 days", "该证件7天内不同品名数", True),
    Feature("sender_weight_spread", D, "", "largest over smallest weight of this document within 7 days", "该证件7天内最大与最小重量之比", True),
    Feature("sender_e_cigarettes_1d", I, "", "e-cigarette parcels of this document within 1 day", "该证件1天内电子烟件数"),
    Feature("sender_known_days", D, "d", "days since this document was first seen, up to 7", "该证件首次出现距今天数", True),
    Feature("phone_documents_1d", I, "", "different documents used with this phone within 1 day", "该电话1天内不同证件数", True),
    Feature("phone_documents_7d", I, "", "different documents used with this phone within 7 days", "该电话7天内不同证件数", True),
    Feature("travel_km", D, "km", "distance to the previous physical reading of this document", "与上次现场读证的距离", True),
    Feature("travel_kmh", D, "km/h", "speed needed since the previous physical reading of this document", "与上次现场读证之间所需速度", True),
    # operator and outlet
    Feature("sender_is_operator", B, "", "sender's document is the accepting operator's own", "寄件证件为揽收员本人证件", True),
    Feature("sender_is_staff", B, "", "sender's document belongs to staff of this outlet", "寄件证件属于本网点从业人员", True),
    Feature("staff_sends_1d", I, "", "parcels accepted by this operator under staff documents within 1 day", "该员工1天内以从业人员证件收寄件数", True),
    Feature("staff_share_1d", D, "", "share of this operator's person parcels under staff documents within 1 day", "该员工1天内从业人员证件件占比", True),
    Feature("operator_gap_s", D, "s", "time since this operator's previous inspection", "距该员工上一次验视的时间", True),
    Feature("operator_fast_gaps_1h", I, "", "inspections of this operator within 1 h that followed in under 5 s", "该员工1小时内间隔不足5秒的验视次数", True),
    Feature("operator_inspections_10min", I, "", "inspections by this operator within 10 min", "该员工10分钟内验视件数", True),
    Feature("operator_items_1d", I, "", "parcels accepted by this operator within 1 day", "该员工1天内收寄件数", True),
    Feature("operator_manual_share_1d", D, "", "share of this operator's person parcels read by hand within 1 day", "该员工1天内手工录入证件占比", True),
    Feature("outlet_items_1h", I, "", "parcels accepted by this outlet within 1 h", "该网点1小时内收寄件数", True),
    Feature("outlet_items_1d", I, "", "parcels accepted by this outlet within 1 day", "该网点1天内收寄件数", True),
    Feature("outlet_items_7d", I, "", "parcels accepted by this outlet within 7 days", "该网点7天内收寄件数", True),
    Feature("outlet_walk_in_items_1d", I, "", "parcels of persons accepted by this outlet within 1 day", "该网点1天内个人散件数"),
    Feature("outlet_vague_share_1d", D, "", "share of vague goods names among the outlet's walk-in parcels within 1 day", "该网点1天内散件笼统品名占比", True),
    Feature("outlet_top_goods_share_1d", D, "", "share of the most frequent goods name among the outlet's walk-in parcels within 1 day", "该网点1天内散件最常见品名占比", True),
    Feature("outlet_hour_share_7d", D, "", "share of the outlet's parcels of 7 days accepted in this hour of the day", "该网点7天内在该时段收寄占比", True),
    Feature("outlet_overdue_1d", I, "", "waybills of this outlet with an overdue duty within 1 day", "该网点1天内义务逾期件数", True),
    # photos
    Feature("photos", I, "", "photos taken at inspection", "验视照片数", True),
    Feature("photo_reused_from", S, "", "other waybill of this outlet that carried the same photo", "本网点相同照片所在的另一运单"),
    Feature("photo_reused", B, "", "a photo of this inspection belongs to another waybill of this outlet", "验视照片与本网点其他运单相同"),
    Feature("photo_age_min", D, "min", "inspection time minus the time the oldest photo was taken", "验视照片拍摄早于验视的时间", True),
    # goods
    Feature("goods_name", S, "", "declared goods name", "申报品名"),
    Feature("goods_danger_severity", I, "", "worst dangerous term declared: 0 none, 1 care, 2 restricted, 3 prohibited", "申报品名危险等级", True),
    Feature("goods_danger_terms", S, "", "dangerous terms in the declared or found goods name", "品名中的危险品词"),
    Feature("goods_danger_category", S, "", "category of the worst term in the 2016 prohibited list", "危险品词所属禁寄类别"),
    Feature("goods_battery", B, "", "goods name names a lithium battery or power bank", "品名含锂电池或充电宝"),
    Feature("goods_vague", B, "", "goods name says nothing that could be inspected", "品名笼统", True),
    Feature("goods_restricted", S, "", "restricted goods: e_cigarette or cigarette", "限寄物品"),
    Feature("goods_restricted_units", I, "", "units of restricted goods: cigarettes in sticks, e-cigarettes in pieces", "限寄物品数量"),
    Feature("goods_over_limit", B, "", "goods name states more restricted goods than one parcel may hold", "品名所示限寄物品超过单件限量"),
    Feature("dangerous_declared", B, "", "a dangerous-goods declaration accompanies the parcel", "附有危险品申报"),
    Feature("found_danger_severity", I, "", "worst dangerous term in what the inspector saw", "验视所见物品危险等级"),
    Feature("found_category", S, "", "prohibited-list category the inspector recorded", "验视记录的禁寄类别"),
    Feature("found_mismatch", B, "", "inspector saw other goods than declared", "验视所见与申报不符", True),
    Feature("weight_g", I, "g", "weight at acceptance", "收寄重量", True),
    Feature("weight_per_piece_g", D, "g", "weight at acceptance per declared piece", "单件重量", True),
    Feature("weight_ratio", D, "", "weight per piece over the usual weight of such goods", "单件重量与该类物品常见重量之比", True),
    Feature("weight_outside", B, "", "weight per piece outside what such goods weigh", "单件重量超出该类物品合理范围", True),
    Feature("weight_change", D, "", "weight at inspection minus declared, over declared", "验视重量相对申报重量的变化", True),
    Feature("weight_change_g", I, "g", "weight at inspection minus declared, absolute", "验视重量与申报重量之差"),
    Feature("quantity", I, "", "declared number of pieces", "申报件数", True),
    Feature("value_per_kg", D, "CNY/kg", "declared value per kilogram", "每千克申报价值", True),
    Feature("transport_mode", S, "", "how the parcel will travel", "运输方式"),
    # security scan
    Feature("scan_decision", S, "", "what the X-ray judge decided", "安检判定"),
    Feature("scan_judged_s", D, "s", "time the X-ray judge took", "安检判图时间", True),
)  # fmt: skip

INDEX: dict[str, int] = {feature.name: position for position, feature in enumerate(FEATURES)}
MODEL_FEATURES: tuple[str, ...] = tuple(feature.name for feature in FEATURES if feature.model)

Value = str | int | float | bool | None
Row = list[Value]  # values in the order of FEATURES

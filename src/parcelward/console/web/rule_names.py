"""Names of the built-in rules in plain words. A rule of another pack is called as its pack calls it."""

from parcelward.alerts.terminal import Language
from parcelward.alerts.verdict import MODEL_RULE
from parcelward.rules import RulePack

NAMES = {
    "document_number_invalid": ("证件号缺失或有误", "document number missing or wrong"),
    "sender_name_missing": ("未登记寄件人姓名", "sender's name missing"),
    "real_name_missing": ("缺少实名登记", "no registration of the sender"),
    "inspected_before_identity": ("先验视后登记", "inspected before the sender was registered"),
    "document_many_identities": ("一证多人", "one document, many people"),
    "document_several_names": ("一证多名", "one document, several names"),
    "staff_identity_for_customers": ("以从业人员证件收寄", "registered under a document of staff"),
    "staff_identity_lent": ("从业人员证件代客户登记", "staff document used for customers"),
    "impossible_travel": ("同一证件异地现场读取", "one document at two distant places"),
    "phone_many_documents": ("一号多证", "one phone, many documents"),
    "agreement_number_missing": ("未填安全协议编号", "agreement number missing"),
    "inspection_missing": ("缺少收寄验视", "no inspection"),
    "sealed_before_inspection": ("先封装后验视", "sealed before the inspection"),
    "inspection_not_done": ("记录为未验视", "recorded as not inspected"),
    "passed_without_opening": ("未开箱即通过", "passed without opening"),
    "security_scan_missing": ("缺少过机安检", "no security scan"),
    "inspections_too_fast": ("验视过快", "inspections too fast"),
    "photo_reused": ("验视照片重复使用", "photo used before"),
    "photo_too_old": ("验视照片过早", "photo too old"),
    "template_goods_names": ("品名套用模板", "same empty goods name on most parcels"),
    "weight_changed": ("重量前后不符", "weight differs at inspection"),
    "weight_against_goods": ("重量与品名不符", "weight does not fit the goods"),
    "prohibited_goods_words": ("品名含禁寄物品", "prohibited goods declared"),
    "restricted_goods_undeclared": ("限寄物品未申报", "restricted goods, not declared"),
    "battery_by_air_undeclared": ("锂电池航空件未申报", "lithium batteries by air, not declared"),
    "device_by_air_undeclared": ("带电池设备航空件未申报", "device with a battery by air, not declared"),
    "dangerous_goods_by_air_undeclared": ("航空危险品未申报", "dangerous goods by air, not declared"),
    "hazardous_goods_declared": ("已申报的限寄物品", "restricted goods, declared"),
    "e_cigarettes_over_limit": ("电子烟超量", "too many e-cigarettes"),
    "cigarettes_over_limit": ("卷烟超量", "too many cigarettes"),
    "prohibited_goods_found": ("验视发现禁寄物品", "prohibited goods found"),
    "prohibited_goods_taken_out": ("禁寄物品已取出", "prohibited goods taken out"),
    "other_goods_passed": ("内件与申报不符仍放行", "other goods than declared, passed"),
    "scan_stopped_parcel": ("安检判定不予放行", "stopped by the security scan"),
    "waybill_reused": ("运单号记录矛盾", "records of one waybill contradict"),
    "sampled": ("随机抽检", "random check"),
    MODEL_RULE: ("模型提示", "hint of the model"),
}


def name_of_known(pack: RulePack | None, rule_id: str, language: Language) -> str:
    """Name a rule by its id; empty for one that the pack does not have, as a rule of another version."""
    known = next((one for one in pack.rules if one.id == rule_id), None) if pack is not None else None
    return name_of_rule(rule_id if known is None else known.name, language) if known or rule_id in NAMES else ""


def name_of_rule(name: str, language: Language) -> str:
    """Name a rule for people.

    >>> name_of_rule("photo_reused", "zh"), name_of_rule("heavy_parcel_at_night", "zh")
    ('验视照片重复使用', 'heavy parcel at night')
    """
    known = NAMES.get(name)
    return name.replace("_", " ") if known is None else known[language == "en"]

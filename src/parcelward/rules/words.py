"""Names of coded feature values in a reason (Chinese, English). A test holds them to the wire's lists."""

Words = dict[str, tuple[str, str]]

CATEGORY: Words = {
    "01": ("枪支弹药", "firearms and ammunition"),
    "02": ("管制器具", "controlled knives and devices"),
    "03": ("爆炸物品", "explosives and fireworks"),
    "04": ("压缩和液化气体及其容器", "compressed or liquefied gas and its containers"),
    "05": ("易燃液体", "flammable liquids"),
    "06": ("易燃固体、自燃物质、遇水易燃物质", "flammable solids, self-igniting or water-reactive substances"),
    "07": ("氧化剂和过氧化物", "oxidisers and peroxides"),
    "08": ("毒性物质", "toxic substances"),
    "09": ("生化制品、传染性、感染性物质", "biochemical and infectious substances"),
    "10": ("放射性物质", "radioactive substances"),
    "11": ("腐蚀性物质", "corrosive substances"),
    "12": ("毒品及吸毒工具、非正当用途麻醉药品和精神药品、易制毒化学品", "drugs, their precursors and tools"),
    "14": ("间谍专用器材", "espionage equipment"),
    "15": ("非法伪造物品", "forged articles"),
    "16": ("侵犯知识产权和假冒伪劣物品", "infringing or counterfeit goods"),
    "17": ("濒危野生动物及其制品", "endangered wildlife and products of it"),
    "18": ("禁止进出境物品", "goods banned from import or export"),
    "19": ("其他禁止寄递物品", "other prohibited articles"),
}

WORDS: dict[str, Words] = {
    "sender_kind": {
        "person": ("个人", "person"),
        "organisation": ("单位", "organisation"),
        "agreement": ("协议客户", "agreement customer"),
    },
    "document_check": {
        "valid": ("有效", "valid"),
        "missing": ("未登记证件号", "no document number"),
        "bad_format": ("格式不符", "wrong format"),
        "bad_checksum": ("校验码错误", "wrong check digit"),
        "bad_birth_date": ("出生日期不成立", "impossible birth date"),
        "type_mismatch": ("号码与证件类型不符", "number belongs to another document type"),
        "unchecked": ("来源未校验", "not checked at the source"),
    },
    "sender_phone_check": {
        "line": ("电话号码", "phone number"),
        "lent": ("隐私号", "privacy number"),
        "no_phone": ("不是电话号码", "no phone number"),
    },
    "verify_method": {
        "nfc": ("NFC读取", "NFC reading"),
        "ocr": ("拍照识别", "photo recognition"),
        "app_prior": ("App预先认证", "verified earlier in the app"),
        "manual": ("手工录入", "typed by hand"),
    },
    "inspection_result": {
        "passed": ("通过", "passed"),
        "refused_by_sender": ("寄件人拒绝验视", "sender refused the inspection"),
        "refused_prohibited": ("发现禁寄物品，拒收", "refused, prohibited goods"),
        "refused_mismatch": ("品名不符，拒收", "refused, goods not as declared"),
        "restricted_over_limit": ("超过限寄数量", "over the limit for restricted goods"),
        "held_for_proof": ("暂存，等待安全证明", "held until proof of safety"),
        "exempt_letter": ("信件免验视", "letter, exempt"),
        "not_done": ("未验视", "not done"),
    },
    "scan_decision": {
        "pass": ("通过", "pass"),
        "reopen": ("开箱复验", "open again"),
        "hold": ("暂扣", "hold"),
        "hand_over": ("移交公安", "hand over to the police"),
    },
    "goods_restricted": {"e_cigarette": ("电子烟", "e-cigarettes"), "cigarette": ("卷烟", "cigarettes")},
    "goods_lithium": {
        "alone": ("单独的锂电池", "lithium batteries by themselves"),
        "inside": ("通常装有锂电池的设备", "equipment that ordinarily holds a lithium battery"),
    },
    "goods_danger_category": {
        **CATEGORY,
        "battery": ("锂电池", "lithium batteries"),
        "misc": ("杂项危险物质和物品", "miscellaneous dangerous substances and articles"),
    },
    "found_category": CATEGORY,
    "transport_mode": {"road": ("公路", "road"), "rail": ("铁路", "rail"), "air": ("航空", "air")},
}

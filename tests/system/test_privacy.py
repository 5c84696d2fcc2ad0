"""Raw personal values exist in intake and refused records and nowhere else: canaries are planted and searched for."""

from typing import Any

from tests.system.events import inspection, real_name
from tests.system.service import await_true

CANARIES = {
    "document": "110101199003078515",
    "broken document": "11010119900307851X",
    "name": "金丝雀某甲",
    "phone": "13812349876",
    "receiver name": "金丝雀某乙",
    "receiver phone": "13998765432",
    "operator document": "360426199101010071",
    "phone in a goods name": "15012349876",
    "phone in what was found": "１５９８７６５４３２１",
    "name in a mask": "金丝鸟",
    "parted phone": "139,1234,5606",
    "phone in Chinese digits": "一三九一二三四五六零六",
    "land line": "0571 8765 4321",
    "number abroad": "852 9123 4567",
    "bank card": "6222 0212 3456 7890",
    "e-mail": "canary.bird@163.com",
    "WeChat": "canary_bird88",
    "Hong Kong card": "A123456(3)",
    "house": "138号2单元402室",
    "operator": "13712349876",
    "phone parted by slashes": "136/1234/5606",
    "phone in Roman digits": "ⅠⅢⅨⅠⅡⅢⅣⅤⅥ0Ⅵ",
    "phone parted by a word": "135的1234的5606",
    "id of another service": "canary_on_douyin",
    "passport after the word": "E 1234 5678",
    "number plate": "A12345",
    "phone in an attribute": "+86 137 5555 9876",
}
TOKEN = "k1." + "A" * 22


class NotUtf8(str):
    """A header name that goes out as bytes that are not UTF-8."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


def sender(document):
    return {
        "kind": "person",
        "document_type": "resident_id",
        "document_number": document,
        "name": CANARIES["name"],
        "phone": CANARIES["phone"],
    }


def waybills(service):
    return {alert["waybill"] for alert in service.alerts()}


def test_no_raw_personal_value_leaves_intake_and_rejected(start_service):
    service = start_service(log_level="DEBUG", inspection_due="2", idle_grace="0.2")
    receiver = {"name": CANARIES["receiver name"], "phone": CANARIES["receiver phone"]}
    operator_document = CANARIES["operator document"]
    parties: dict[str, Any] = {"receiver": receiver, "operator_document": operator_document}
    good = [real_name(f"SF{n:04d}", sender=sender(CANARIES["document"]), **parties) for n in range(3)]
    alerting = [real_name("SF0100", sender=sender(CANARIES["broken document"]), **parties)]
    refused = real_name(
        "SF0200", sender=sender(CANARIES["document"]) | {CANARIES["name"]: CANARIES["phone"]}, **parties
    )
    wrong = real_name("SF0300", sender=sender(CANARIES["document"]) | {"kind": CANARIES["name"]}, **parties)
    wrong_time = real_name("SF0400", sender=sender(CANARIES["document"]), **parties) | {"time": CANARIES["phone"]}
    wrong_id = real_name("SF0500", sender=sender(CANARIES["document"]), **parties) | {"id": CANARIES["name"]}
    made_at_source = {"kind": "person", "document_token": TOKEN, "name_mask": CANARIES["name in a mask"] + "*"}
    wrong_mask = real_name("SF0600", sender=made_at_source)
    chatty = [
        real_name("SF0700", goods={"name": f"汽油 电话{CANARIES['phone in a goods name']}"}),
        real_name("SF0701", goods={"name": f"汽油 {CANARIES['parted phone']} {CANARIES['land line']}"}),
        real_name("SF0702", goods={"name": f"汽油 +{CANARIES['number abroad']} {CANARIES['e-mail']}"}),
        real_name("SF0703", goods={"name": f"汽油 卡{CANARIES['bank card']} 微信:{CANARIES['WeChat']}"}),
        real_name("SF0704", goods={"name": f"汽油 {CANARIES['Hong Kong card']} 文三路{CANARIES['house']}"}),
        real_name("SF0705", goods={"name": f"汽油 {CANARIES['phone in Chinese digits']} 浙{CANARIES['number plate']}"}),
        real_name(
            "SF0708", goods={"name": f"汽油 {CANARIES['phone parted by slashes']} {CANARIES['phone in Roman digits']}"}
        ),
        real_name(
            "SF0709",
            goods={"name": f"汽油 护照{CANARIES['passport after the word']} 抖音号{CANARIES['id of another service']}"},
        ),
        real_name("SF0710", goods={"name": f"汽油 {CANARIES['phone parted by a word']}"}),
        real_name("SF0706", operator=CANARIES["operator"]),
        real_name("SF0707") | {"customerref": CANARIES["phone in an attribute"]},
        inspection("SF0700", found_goods=f"打火机{CANARIES['phone in what was found']}"),
    ]
    service.publish([*good, *alerting, refused, wrong, wrong_time, wrong_id, wrong_mask, *chatty])
    service.publish([inspection("SF0000"), inspection("SF0001")])
    service.send_raw("intake.swift", CANARIES["phone"].encode(), CANARIES["document"].encode())
    await_true(lambda: service.taken() >= 24, "everything is taken")
    expected = {"SF0002", "SF0100", *(f"SF070{n}" for n in (0, 1, 2, 3, 4, 5, 8, 9)), "SF0710"}
    await_true(lambda: expected <= waybills(service), "missing inspection, bad document, dangerous goods are alerted")

    searched = 0
    for topic in service.topics():
        short = topic.removeprefix(service.prefix)
        if short.startswith("intake."):
            continue
        for record in service.read(topic):
            headers = b"\n".join(value for name, value in record.headers if name.startswith("pw_"))
            kept = (record.key or b"") + (record.value or b"") if not short.startswith("rejected.") else b""
            assert not [name for name, canary in CANARIES.items() if canary.encode() in kept + headers], topic
            searched += 1
    assert searched > 20
    for place in (service.log.read_text(), service.page("/metrics"), service.page("/health"), service.page("/ready")):
        assert place
        assert not [name for name, canary in CANARIES.items() if canary in place]
    assert len(service.read(f"{service.prefix}rejected.swift")) == 8


def test_a_refused_record_is_kept_whole(start_service):
    service = start_service()
    value = b'{"cut off'
    service.send_raw("intake.swift", b"SF1", value)
    service.send_raw("intake.swift", b"SF2", None)
    service.send_raw("intake.swift", b"SF3", b"x" * 10_000_000)
    service.send_raw("intake.swift", b"SF4", b"{}", [(NotUtf8("broken"), b"\xff")])
    await_true(lambda: service.taken() == 4, "all four are refused")
    refused = {record.key: record for record in service.read(f"{service.prefix}rejected.swift")}
    assert refused[b"SF1"].value == value
    assert refused[b"SF2"].value is None
    assert len(refused[b"SF3"].value) == 10_000_000
    headers = dict(refused[b"SF3"].headers)
    assert headers["pw_reason"] == b"too_large"
    assert headers["pw_topic"] == f"{service.prefix}intake.swift".encode()
    assert refused[b"SF4"].value == b"{}"
    reasons = {dict(record.headers)["pw_reason"] for record in refused.values()}
    assert b"tombstone" in reasons
    # and the stream goes on
    service.publish([real_name("SF0004", sender={"kind": "person"})])
    await_true(lambda: len(service.alerts()) == 1, "the next event is screened")

"""Names of the counties between which a parcel travels: a code alone tells an officer nothing."""

from functools import cache
from pathlib import Path

from parcelward.contract.cards import Bilingual

_FILE = Path(__file__).with_name("regions.tsv")
PROVINCES = {
    "11": "Beijing", "12": "Tianjin", "13": "Hebei", "14": "Shanxi", "15": "Inner Mongolia", "21": "Liaoning",
    "22": "Jilin", "23": "Heilongjiang", "31": "Shanghai", "32": "Jiangsu", "33": "Zhejiang", "34": "Anhui",
    "35": "Fujian", "36": "Jiangxi", "37": "Shandong", "41": "Henan", "42": "Hubei", "43": "Hunan", "44": "Guangdong",
    "45": "Guangxi", "46": "Hainan", "50": "Chongqing", "51": "Sichuan", "52": "Guizhou", "53": "Yunnan", "54": "Tibet",
    "61": "Shaanxi", "62": "Gansu", "63": "Qinghai", "64": "Ningxia", "65": "Xinjiang", "71": "Taiwan",
    "81": "Hong Kong", "82": "Macao",
}  # fmt: skip


def region_name(code: str) -> Bilingual:
    """Name a county with its code: whole in Chinese, by its province in English. A code that is unknown stays alone.

    A county that was dissolved is named by its city or its province.

    >>> region_name("440306").zh, region_name("440306").en, region_name("990000").zh
    ('广东省深圳市宝安区（440306）', 'Guangdong (440306)', '990000')
    """
    names, province = _names(), PROVINCES.get(code[:2])
    name = next((names[one] for one in (code, f"{code[:4]}00", f"{code[:2]}0000") if one in names), None)
    return Bilingual(
        zh=code if name is None else f"{name}（{code}）", en=code if province is None else f"{province} ({code})"
    )


@cache
def _names() -> dict[str, str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))

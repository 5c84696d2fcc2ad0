"""Invented identities: document numbers that are well-formed (or wrong in a chosen way), names, phones.

The region code of a document is drawn independently of everything else: it says nothing about a simulated person.
"""

from random import Random

# County codes, some of them abolished: a document keeps the code of the day it was issued.
REGIONS: tuple[str, ...] = (
    "110101", "110103", "110105", "110221", "120101", "120108", "130102", "130682", "140105", "150102",
    "210102", "210211", "220102", "230103", "310103", "310104", "310115", "310225", "320102", "320505",
    "320981", "330106", "330110", "330782", "340102", "341221", "350102", "350583", "360102", "360426",
    "370102", "371302", "410102", "411525", "420102", "421083", "430104", "430922", "440106", "440306",
    "440923", "450102", "450881", "460106", "500103", "500223", "510104", "511524", "520102", "522401",
    "530102", "532128", "540102", "610103", "610582", "620102", "622301", "630102", "640104", "650102",
)  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲建国文辉志鹏海波晓燕雪梅子涵雨欣浩然佳怡"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_WEIGHTS = tuple(pow(3, power, 31) for power in range(17))
BAD_KINDS = ("checksum", "birth_date", "length", "type_mismatch", "repeated")


def check_digit(first17: str) -> str:
    """ISO 7064 MOD 11-2 check character of a resident identity number (GB 11643)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def resident_id(rng: Random, region: str | None = None) -> str:
    """A well-formed resident identity number of an invented adult."""
    code = region or REGIONS[int(rng.random() * len(REGIONS))]
    number = int(rng.random() * 1e9)
    year, month, day = 1952 + number % 55, 1 + number // 55 % 12, 1 + number // 660 % 28
    first17 = f"{code}{year}{month:02d}{day:02d}{1 + number // 18480 % 998:03d}"
    return first17 + check_digit(first17)


def organisation_code(rng: Random) -> str:
    """A well-formed unified social credit code (GB 32100, GB 11714) of an invented company."""
    region = rng.randrange(10**4)
    organisation = "MA" + "".join(rng.choices(_USCC, k=7))[:6]
    inner = sum(int(char, 36) * weight for char, weight in zip(organisation, _INNER_WEIGHTS, strict=True))
    first17 = f"9144{region:04d}{organisation}" + "0X987654321"[inner % 11]
    total = sum(_USCC.index(char) * weight for char, weight in zip(first17, _USCC_WEIGHTS, strict=True))
    return first17 + _USCC[(31 - total % 31) % 31]


def document(rng: Random) -> tuple[str, str]:
    """Type and number of a person's document; nearly always a resident identity card."""
    draw = rng.random()
    if draw < 0.97:
        return "resident_id", resident_id(rng)
    digits = f"{rng.randrange(10**8):08d}"
    if draw < 0.98:
        return "passport", "E" + digits
    if draw < 0.986:
        return "hk_macao_permit", rng.choice("HM") + digits
    if draw < 0.992:
        return "taiwan_permit", digits
    if draw < 0.996:
        return "residence_permit", resident_id(rng, rng.choice(("810000", "820000", "830000")))
    first17 = f"9{rng.randrange(10**5):05d}" + resident_id(rng)[6:17]
    return "foreign_permanent_resident_id", first17 + check_digit(first17)


def bad_document(rng: Random, kind: str) -> tuple[str, str]:
    """Type and number of a document that is wrong in one of BAD_KINDS; raises ValueError for another kind."""
    number = resident_id(rng)
    if kind == "checksum":
        return "resident_id", number[:17] + rng.choice([char for char in "0123456789X" if char != number[17]])
    if kind == "birth_date":
        first17 = number[:10] + rng.choice(("1305", "0230", "0431", "0000")) + number[14:17]
        return "resident_id", first17 + check_digit(first17)
    if kind == "length":
        return "resident_id", number[: rng.choice((11, 14, 16, 17))]
    if kind == "type_mismatch":
        return rng.choice((("resident_id", f"E{number[4:12]}"), ("hk_macao_permit", number)))
    if kind == "repeated":
        return "resident_id", rng.choice(("111111111111111111", "123456789012345678", "000000000000000000"))
    raise ValueError(f"unknown kind of bad document: {kind}")


def person_name(rng: Random) -> str:
    """An invented Chinese name."""
    draw = int(rng.random() * 1e9)
    given = GIVEN[draw % len(GIVEN)]
    if draw % 10 < 7:
        given += GIVEN[draw // 100 % len(GIVEN)]
    return SURNAMES[draw // 10_000 % len(SURNAMES)] + given


def phone(rng: Random) -> str:
    """An invented mobile number."""
    number = int(rng.random() * 7e9)
    return f"1{3 + number // 1_000_000_000}{number % 1_000_000_000:09d}"


def privacy_number(rng: Random) -> str:
    """A privacy number (隐私号): it has an extension and identifies nobody."""
    return f"{phone(rng)}-{int(rng.random() * 10_000):04d}"

"""Goods names as people write them, brought to one spelling.

People type them in a hurry, and some type them to get past a filter. `normalise` undoes what changes the spelling but
not how a person reads it: width, case, traditional characters, signs between characters, digits for letters, pictures
for words.
"""

import re
import unicodedata
from itertools import pairwise

from parcelward.goods.tables import rows

# Pictures that stand for a word, and radicals that are characters of their own: a picture, then what it means.
_MEANINGS = (
    "🔫手枪 💣炸弹 🧨鞭炮 🎆烟花 🎇烟花 🚬香烟 ⛽汽油 🗡匕首 🏹弓箭 🔋电池 ☢放射性 ☣感染性 🔥火 ⚡电 🛢油 "
    "🍺酒 🍷酒 🍶酒 🥃酒 🌸花 🌺花 💧水 💊药丸 🐴马 🌿麻 🧊冰 🚗车 💨气 🔪刀 ⺡氵 ⺮竹 ⻋车 ⺾艹 ⺿艹 ⻀艹 ⻄西 ⺣灬"
)
_PICTURES = {meaning[0]: meaning[1:] for meaning in _MEANINGS.split()}
# Letters of other alphabets that look like Latin ones.
_LOOK_LIKES = dict(zip("аеорсухіѕјкмтвнԁαερονκτιυ", "aeopcyxisjkmtbhdaeponktiu", strict=True))
_ACCENTED = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))


def _bare(letter: int) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", chr(letter)) if not unicodedata.combining(part))


def _table() -> dict[int, int | str | None]:
    table: dict[int, int | str | None] = {ord(old): new for old, new in {**_PICTURES, **_LOOK_LIKES}.items()}
    for row in rows("characters.tsv"):
        table.update(dict.fromkeys(map(ord, row["others"]), row["mainland"]))
    table.update({letter: bare for letter in _ACCENTED if (bare := _bare(letter)) != chr(letter)})
    # Invisible characters only serve as a disguise: zero-width ones, direction marks, soft hyphen, variation selectors,
    # the signs that describe how a character is composed.
    gone = (range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2065), range(0xFE00, 0xFE10))
    # Half of a pair of characters means nothing, and no library takes it.
    for span in (
        *gone,
        range(0xD800, 0xE000),
        range(0x2FF0, 0x2FFC),
        range(0x300, 0x370),
        range(0x1F3FB, 0x1F400),
        (0xFEFF, 0xAD),
    ):
        table.update(dict.fromkeys(span))
    table.update({ord("₀") + digit: str(digit) for digit in range(10)})
    return table


_TABLE = _table()

CJK = "㐀-䶿一-鿿"
"""Chinese characters, as ranges of a set in a pattern."""
_CJK = f"[{CJK}]"
_SPACE_IN_CJK = re.compile(rf"(?<={_CJK})\s+(?={_CJK})")
# A sign between two characters is a disguise only where one stands alone (汽-油, 打火-机), not in 红酒-精油.
_SIGNS = r"\s\-_·・•*.~^=|/\\'\"`#—–…°"
_SIGN_AFTER_ONE = re.compile(rf"(?:(?<=^)|(?<=[^{CJK}]))({_CJK})[{_SIGNS}+]+(?={_CJK})")
_SIGN_BEFORE_ONE = re.compile(rf"(?<={_CJK})[{_SIGNS}]+(?={_CJK}(?:[^{CJK}]|$))")
_ANY_SIGN = re.compile(rf"[{_SIGNS}+’]")
_DIGIT_AFTER_LETTER = re.compile(r"[a-z][0-5@$]")
_SPELLED_OUT = re.compile(r"(?<![a-z0-9])(?:[a-z][\s.\-_*]+){2,}[a-z](?![a-z0-9])")
_NOT_A_LETTER = re.compile(r"[^a-z]+")
_JOINED_WORDS = re.compile(r"(?<=[a-z0-9])[-_'’/]+(?=[a-z0-9])")
_TONES = re.compile(r"(?<![a-z0-9])(?:[a-z]{0,3}[aeiouv][a-z]{0,3}[1-5] ?){2,}(?![a-z0-9])")
_TONE = re.compile(r"[1-5]")
_DIGIT_IN_WORD = re.compile(r"(?<=[a-z])[01345@$](?=[a-z])")
_LETTER_FOR_DIGIT = str.maketrans("01345@$", "oieasas")
_BLANKS = re.compile(r"\s+")


def normalise(name: str) -> str:
    """Return a name in the one spelling that the lexicon uses.

    Width and case are unified (NFKC, casefold), traditional characters become mainland ones, accents and invisible
    characters go, pictures become the word they stand for. Spaces between Chinese characters go, and signs beside a
    lone Chinese character. English words are parted by single spaces, where a hyphen was as well. Single letters parted
    by spaces or dots are joined (`v.a.p.e`). A lone digit inside an English word becomes a letter (`p0wer`), tone
    numbers go (`da3huo3ji1`).

    >>> normalise("打·火·機")
    '打火机'
    >>> normalise("Ｖ.A.P.E p0wer-bank")
    'vape power bank'
    """
    text = unicodedata.normalize("NFKC", name).casefold().translate(_TABLE)
    if text.isalpha() and not text.isascii():
        return text
    # A name is read for a sign, or a digit after a letter, before it is read for each thing that they can mean.
    if _ANY_SIGN.search(text):
        text = _SPACE_IN_CJK.sub("", text)
        text = _SIGN_AFTER_ONE.sub(r"\1", text)
        text = _SIGN_BEFORE_ONE.sub("", text)
        text = _SPELLED_OUT.sub(lambda letters: _NOT_A_LETTER.sub("", letters[0]), text)
        text = _JOINED_WORDS.sub(" ", text)
    if _DIGIT_AFTER_LETTER.search(text):
        text = _TONES.sub(lambda word: _TONE.sub("", word[0]), text)
        text = _DIGIT_IN_WORD.sub(lambda digit: digit[0].translate(_LETTER_FOR_DIGIT), text)
    return _BLANKS.sub(" ", text).strip()


def spaces_dropped(name: str, text: str) -> tuple[int, ...]:
    """Return the places in a normalised name where a space stood between Chinese words of two characters and more.

    >>> spaces_dropped("硫酸 衣服", "硫酸衣服")
    (2,)
    """
    parts = [normalise(part) for part in name.split()]
    places, at = [], 0
    for before, after in pairwise(parts):
        at += len(before)
        if text[at : at + 1] == " ":
            at += 1
        elif min(len(before), len(after)) > 1:
            places.append(at)
    return tuple(places) if at + len(parts[-1] if parts else "") == len(text) else ()

"""Goods names: what is dangerous, restricted or vague, and how heavy a piece may be. docs/goods.md has the choices."""

from parcelward.goods.found import REPORTED_AT_ONCE, FoundGoods, read_found
from parcelward.goods.lexicon import PROHIBITED
from parcelward.goods.lithium import Lithium, lithium_in
from parcelward.goods.matching import GoodsMatch, match_goods
from parcelward.goods.sameness import same_goods
from parcelward.goods.text import normalise
from parcelward.goods.weights import goods_classes, weight_range_g

__all__ = [
    "PROHIBITED",
    "REPORTED_AT_ONCE",
    "FoundGoods",
    "GoodsMatch",
    "Lithium",
    "goods_classes",
    "lithium_in",
    "match_goods",
    "normalise",
    "read_found",
    "same_goods",
    "weight_range_g",
]

"""Goods names: what is dangerous, restricted or vague, and how heavy a piece may be. docs/goods.md has the choices."""

from parcelward.goods.lexicon import PROHIBITED
from parcelward.goods.matching import GoodsMatch, match_goods
from parcelward.goods.sameness import same_goods
from parcelward.goods.text import normalise
from parcelward.goods.weights import goods_classes, weight_range_g

__all__ = ["PROHIBITED", "GoodsMatch", "goods_classes", "match_goods", "normalise", "same_goods", "weight_range_g"]

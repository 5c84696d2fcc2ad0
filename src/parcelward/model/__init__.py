"""The released risk model: load it, score rows of features, explain a score. Training lives here too, on its own."""

from parcelward.model.card import Card
from parcelward.model.score import RiskModel, load_model

__all__ = ["Card", "RiskModel", "load_model"]

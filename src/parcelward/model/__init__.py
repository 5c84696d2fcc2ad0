"""The released risk model: load it, score rows of features, explain a score. Training is in `parcelward.training`."""

from parcelward.model.card import Card
from parcelward.model.score import RiskModel, load_model

__all__ = ["Card", "RiskModel", "load_model"]

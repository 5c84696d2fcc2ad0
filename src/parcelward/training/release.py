"""Writes a release: a folder named after its version, and the pointer that makes it the current one."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from parcelward.errors import UserError
from parcelward.model.card import ARTEFACT, CARD, PARITY, POINTER, Card
from parcelward.model.score import RiskModel, load_model
from parcelward.model.trees import Matrix


def write_release(root: Path, card: Card, artefact: bytes, sample: Matrix, expected: Sequence[float]) -> RiskModel:
    """Write `root/<version>/` and point `root/current` at it. Return the model as loaded from there, and so proven.

    `expected` are the scores that the training library gives `sample`. Raises UserError when `root` cannot be written.
    """
    folder = root / card.version
    lines = [[None if np.isnan(value) else float(value) for value in line] for line in sample]
    parity = {"rows": lines, "scores": [float(score) for score in expected]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ARTEFACT).write_bytes(artefact)
        (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (folder / PARITY).write_text(json.dumps(parity) + "\n", encoding="utf-8")
        model = load_model(folder)
        (root / POINTER).write_text(card.version + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(f"cannot write the model release {folder} ({reason}); choose another folder") from None
    return model

"""The card of a released model: what it was trained on, how good it is, where it stops; and the files of a release."""

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parcelward.errors import UserError

CARD, ARTEFACT, PARITY, POINTER = "card.json", "model.onnx", "parity.json", "current"
VERSION_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$"


class CardPart(BaseModel):
    """A frozen piece of a card. An unknown field is an error, so that a card holds nothing that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Split(CardPart):
    """One slice of time of the data."""

    name: str = Field(description="train, validation or test.")
    first_day: int = Field(description="First simulated day, counted from 0.")
    last_day: int = Field(description="Last simulated day, included.")
    waybills: int = Field(description="Waybills whose first screening fell into the slice.")
    violations: int = Field(description="Waybills among them with a planted violation.")
    rows: int = Field(description="Screenings (rows of features) of these waybills.")


class Data(CardPart):
    """Data that the model was trained and measured on."""

    source: str = Field(description="Where the events come from.")
    parameters: dict[str, int | float | str] = Field(description="Parameters that reproduce the events.")
    sha256: str = Field(description="Hash over features, labels and order of all rows.")
    splits: tuple[Split, ...]


class Budget(CardPart):
    """Yield of a fixed amount of review work."""

    share: float = Field(description="Share of all waybills that people review.")
    reviewed: int = Field(description="Number of waybills in that share.")
    precision: float = Field(description="Share of the reviewed ones that were violations.")
    recall: float = Field(description="Share of all violations that were among them.")


class Ranking(CardPart):
    """Quality of one way of ordering waybills on the test slice."""

    name: str
    auc: float = Field(description="Area under the ROC curve; 0.5 is chance.")
    average_precision: float = Field(description="Area under the precision-recall curve; the base rate is chance.")
    budgets: tuple[Budget, ...]


class PatternRecall(CardPart):
    """Share of one planted pattern that is found on the test slice."""

    pattern: str
    planted: int
    by_rules: float = Field(description="Share on which at least one rule fired.")
    by_model: float = Field(description="Share that scored over the threshold.")
    by_either: float


class AtThreshold(CardPart):
    """Effect of the threshold on the test slice."""

    flagged_share: float = Field(description="Share of waybills over the threshold in any screening.")
    precision: float
    recall: float
    rules_flagged_share: float = Field(description="Share of waybills on which at least one rule fired.")
    rules_precision: float
    rules_recall: float
    either_flagged_share: float
    either_precision: float
    either_recall: float


class Metrics(CardPart):
    """Measured on the test slice, per waybill, by its highest score over all its screenings."""

    base_rate: float
    model: Ranking
    among_persons: Ranking = Field(description="The model among parcels of persons: without the easy bulk of shops.")
    persons_base_rate: float = Field(description="Share of violations among these.")
    baselines: tuple[Ranking, ...]
    at_threshold: AtThreshold
    patterns: tuple[PatternRecall, ...]
    mean_score: float = Field(description="Mean score of the last screenings; near the base rate when calibrated.")
    brier: float = Field(description="Mean squared error of the last screenings' scores.")


class Card(CardPart):
    """Everything a person or a loader has to know about one release."""

    version: str = Field(pattern=VERSION_PATTERN)
    artefact_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    features: tuple[str, ...] = Field(min_length=1, description="Features in the order of the artefact's columns.")
    libraries: dict[str, str] = Field(description="Versions that trained and checked it.")
    seed: int
    recipe: dict[str, int | float | str | bool] = Field(description="Kind of model and its parameters.")
    candidates: tuple[dict[str, int | float | str], ...] = Field(description="What else was tried, on validation.")
    threshold: float = Field(gt=0, lt=1, description="Score from which the model alone makes a finding.")
    threshold_choice: str
    data: Data
    metrics: Metrics
    limits: tuple[str, ...]


def sha256(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def read_release_file(path: Path) -> bytes:
    """Content of one file of a release. Raises UserError naming it when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(
            f"model release file {path} cannot be read ({reason}); restore the release or train one: make model"
        ) from None


def read_card(folder: Path) -> Card:
    """The card of the release in `folder`. Raises UserError when it is missing or not a card."""
    path = folder / CARD
    try:
        return Card.model_validate_json(read_release_file(path))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise UserError(f"model card {path}: {place}: {first['msg']}; restore the release or train a new one") from None


def resolve_release(path: Path) -> Path:
    """Folder of a release: `path` itself, or the sibling folder that the one-line pointer file `path` names."""
    if path.is_dir():
        return path
    if not path.is_file():
        tried = "" if path.is_absolute() else f" in {Path.cwd()} (the path is relative to the current folder)"
        raise UserError(
            f"no model at {path}{tried}; set `model` to a release folder or to the file that names it, as "
            "PARCELWARD_MODEL=/path/to/models/current, or to nothing (PARCELWARD_MODEL=) for rules only"
        )
    name = read_release_file(path).decode("utf-8", "replace").strip()
    folder = path.parent / name
    if not name or Path(name).name != name or not folder.is_dir():
        raise UserError(f"model pointer {path} names {name[:80]!r}, which is no release folder beside it; correct it")
    return folder

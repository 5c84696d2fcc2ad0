"""Labels for training: one row for each alert with a verdict, weighted by how often ones like it were looked at.

A row names its parcel, because training joins it to the parcel's features; it holds no token and nothing of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow  # whoever trains has it, by the extra `train`: this module is imported when labels are asked for
from pyarrow import parquet

from parcelward.contract.alerts import Lane
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.outcomes.quality import drawn_under_controls
from parcelward.outcomes.verdicts import Judged

COLUMNS = {
    "courier": "Courier code; with the waybill the key of training rows.",
    "waybill": "Waybill number.",
    "alert_id": "Id of the alert; tells parcels apart whose waybill number came back.",
    "raised_at": "Arrival of the first revision's evidence, UTC, in ms: training splits by time.",
    "lane": "red, yellow, or green_sampled for a random check.",
    "violation": "True: confirmed. False: false alarm, or a random check without a finding.",
    "kind": "Outcome in the contract's words.",
    "weight": "Parcels that this one stands for: 1 / the chance that it was looked at.",
}
"""Columns of the file, and what each one says."""
TYPES = {"raised_at": pyarrow.timestamp("ms", "UTC"), "violation": pyarrow.bool_(), "weight": pyarrow.float64()}
"""Types of the columns that are no texts."""


@dataclass(frozen=True, slots=True)
class Label:
    """One row."""

    courier: str
    waybill: str
    alert_id: str
    raised_ms: int
    lane: str
    violation: bool
    kind: str
    weight: float


def labels(alerts: Sequence[Judged], rate: float) -> list[Label]:
    """Make the labels. Each stands for those of its courier and lane that nobody decided; a random check for all that
    were not drawn, too, so the weights add up to about the number of parcels. Raises UserError where a rate is unknown.
    """
    groups: dict[tuple[str, Lane], list[Judged]] = {}
    for one in alerts:
        if one.stood:
            groups.setdefault((one.courier, one.lane), []).append(one)
    if rate <= 0 and any(lane is Lane.GREEN_SAMPLED for _, lane in groups):
        raise UserError("random checks are there, and their rate is 0: give the --sampled-share of these days")
    if controlled := drawn_under_controls(one for group in groups.values() for one in group):
        raise UserError(
            f"{controlled:,} random checks were drawn under a control period, which may draw more often: nobody knows "
            "how many parcels each stands for; choose --from and --to outside of it"
        )
    found = []
    for (_, lane), group in groups.items():
        known = [one for one in group if one.known]
        weight = len(group) / max(len(known), 1) / (rate if lane is Lane.GREEN_SAMPLED else 1)
        for one in known:
            assert one.kind is not None
            found.append(
                Label(
                    one.courier,
                    one.waybill,
                    one.alert_id,
                    one.raised_ms,
                    lane.value,
                    one.right,
                    one.kind.value,
                    weight,
                )
            )
    return sorted(found, key=lambda label: (label.raised_ms, label.alert_id))


def write_labels(path: Path, rows: Sequence[Label]) -> None:
    """Write labels as Parquet. Raises UserError where the file cannot be written."""
    schema = pyarrow.schema(
        [
            pyarrow.field(name, TYPES.get(name, pyarrow.string()), nullable=False, metadata={"description": meaning})
            for name, meaning in COLUMNS.items()
        ]
    )
    columns = [
        [row.courier for row in rows],
        [row.waybill for row in rows],
        [row.alert_id for row in rows],
        [row.raised_ms for row in rows],
        [row.lane for row in rows],
        [row.violation for row in rows],
        [row.kind for row in rows],
        [row.weight for row in rows],
    ]
    arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    try:
        parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), path, compression="zstd")
    except OSError as error:
        raise UserError(f"{escaped(str(path))} cannot be written: {error.strerror or error}") from None

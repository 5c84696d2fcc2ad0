"""Lanes and severities as ranks: the most urgent is 0, so that it comes first."""

from parcelward.contract.alerts import Lane, Severity

LANES = tuple(Lane)
"""By rank: the contract names the most urgent first."""
SEVERITIES = tuple(reversed(Severity))
LANE_RANKS = {lane: rank for rank, lane in enumerate(LANES)}
SEVERITY_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}

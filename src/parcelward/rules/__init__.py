"""Rules: CEL expressions over the features, checked at load, compiled to one Python function for the whole pack."""

from parcelward.rules.findings import finding_of, rests_on, sendable, severity_and_action
from parcelward.rules.pack import load_pack, resting_on
from parcelward.rules.rule import Hit, Rule, RulePack

__all__ = [
    "Hit",
    "Rule",
    "RulePack",
    "finding_of",
    "load_pack",
    "resting_on",
    "rests_on",
    "sendable",
    "severity_and_action",
]

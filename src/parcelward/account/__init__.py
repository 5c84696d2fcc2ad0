"""Accounts for every record: what the topics hold against what they must hold, by replaying each stage offline."""

from parcelward.account.account import Account, account_for
from parcelward.account.replayed import ReplayedStage, StageWiring

__all__ = ["Account", "ReplayedStage", "StageWiring", "account_for"]

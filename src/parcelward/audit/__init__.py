"""Accounts for every record: what the topics hold against what they must hold, by replaying each stage offline."""

from parcelward.audit.audit import Account, account_for

__all__ = ["Account", "account_for"]

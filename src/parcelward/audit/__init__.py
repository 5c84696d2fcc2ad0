"""Audits every record: replays each stage offline, and compares its results with what the topics hold."""

from parcelward.audit.audit import Account, account_for

__all__ = ["Account", "account_for"]

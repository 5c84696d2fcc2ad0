"""Audits every record: replays each stage offline, and compares its results with what the topics hold."""

from parcelward.audit.audit import Audit, audit_recording

__all__ = ["Audit", "audit_recording"]

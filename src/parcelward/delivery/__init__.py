"""Webhooks, without network and clock: the message and its signature, the times of attempts, and the order."""

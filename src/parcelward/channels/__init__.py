"""Every topic as a channel: its messages, its settings, who may write and read it; the AsyncAPI document and its page.

Nothing is listed here a second time: topics come from `topics` and their plan, messages from the contract, and what a
role may do from the rights that provisioning gives.
"""

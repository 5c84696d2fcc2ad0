"""The procedures of docs/runbook.md, run word for word, with processes of this machine in place of containers.

`python -m tests.runbook` runs them; tests/contract/test_runbook.py sees that each command is one that is known here.
"""

"""The procedures of docs/runbook.md, run word for word: its commands, taken from the page, on processes of this machine.

`python -m tests.runbook` runs all of them; tests/broker/test_runbook.py a short form.
"""

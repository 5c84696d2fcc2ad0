"""Ten alerts that people have judged: their events, and the page that prints the alerts with the judgements.

    python -m tests.judged          # prints the alerts anew into docs/alerts-judged.md; the judgements stay

A block of the page lies between `<!-- alert WAYBILL LANGUAGE -->` and `<!-- /alert -->`.
"""

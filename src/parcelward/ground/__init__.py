"""The ground that a worker stands on: facts, and flaws on what does not fit. Pure; `cluster.ground` gathers facts.

One check runs before a worker starts, while it runs, and as `parcelward doctor`.
"""

"""`make bench-peers`: stream engines side by side, on the same records, with the same job, in one run."""

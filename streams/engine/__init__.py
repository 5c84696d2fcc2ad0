"""Faust in batches, one transaction for each: delivery, recovery, assignment. It knows no parcel."""

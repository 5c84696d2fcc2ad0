"""Faust in batches, one transaction for each: delivery, recovery, ownership. It knows no parcel."""

"""Parcelward: streaming risk screening of courier shipments at acceptance."""

"""The table of features, and the row of values of one shipment."""

"""Personal values become tokens and masks here; identifiers are checked here."""

"""The console's people: local accounts, who is logged in, and who tries too often."""

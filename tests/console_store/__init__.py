"""The console's store, on both databases."""

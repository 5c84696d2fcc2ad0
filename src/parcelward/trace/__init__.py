"""Follows one parcel through the topics: a step for each record, with a sentence, and without any personal value."""

"""Making a risk model: rows from replayed traffic, fitting, evaluation, release."""

"""Profiles of senders, outlets and operators: their past, in windows of bounded size."""

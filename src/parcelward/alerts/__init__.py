"""Findings become a verdict, a verdict an alert: its record, what it holds on to, and how it reads in a terminal."""

"""Outcomes: how often alerts were right, and how much they missed, from decisions of people and checks by lot."""

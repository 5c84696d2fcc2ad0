"""The life of an alert after it was raised: gathered into cases, answered, escalated, decided, released, closed.

Pure: each function takes a state, what arrived and when, and gives the new state and what is to be sent.
"""

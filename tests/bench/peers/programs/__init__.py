"""The job, once per engine: parse the JSON, count per key durably, send an alert for each tenth record of a key.

Each program is run by the engine's own environment and reads its task from the environment variable `PEERS_JOB`.
"""

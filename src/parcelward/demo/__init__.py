"""The demo: a real broker, a worker, simulated couriers, live alerts, and at the end a count of everything."""

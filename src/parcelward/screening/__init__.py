"""The stages: events in, shipments on, alerts out. The seam between the core and the engine is in `stage`."""

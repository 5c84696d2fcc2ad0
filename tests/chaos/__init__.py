"""Real faults: three brokers, workers and couriers as processes, and an oracle that counts what is left."""

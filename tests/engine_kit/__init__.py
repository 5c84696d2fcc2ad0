"""Shared by the tests of the engine: a trivial stage, a worker process, and an audit of what Kafka holds."""

"""The wire contract: pydantic models that are the one definition of every message on Kafka."""

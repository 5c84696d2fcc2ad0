"""What the tests of the engine share: a trivial stage, a worker process, and an audit of what Kafka holds."""

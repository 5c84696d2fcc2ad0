"""`parcelward deliver` at its edges: Kafka, HTTP and the clock. `parcelward.delivery` decides."""

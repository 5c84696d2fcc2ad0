"""The Kafka edge of Parcelward: the only code that knows Faust."""

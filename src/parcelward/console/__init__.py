"""The console: where the platform's people see, understand and answer alerts, in a browser."""

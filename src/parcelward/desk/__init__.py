"""What a desk needs that is no console: where alerts and cases stand, and letters to the worker about them."""

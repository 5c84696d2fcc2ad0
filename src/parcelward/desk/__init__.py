"""A desk without a console: where alerts and cases stand, and letters to the worker about them."""

"""The processes this program starts, how they are stopped, and how it was called itself."""

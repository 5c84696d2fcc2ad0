"""A drill: a real installation is broken in one way after the other, until the page arrives, and mended again."""

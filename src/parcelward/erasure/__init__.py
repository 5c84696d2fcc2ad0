"""Takes one person out of what is stored: tokens become tokens of nobody, profiles go, and a check proves it."""

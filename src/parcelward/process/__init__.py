"""Child processes, signals that stop this program, and the command that started it."""

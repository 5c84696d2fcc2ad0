"""Prints the alerts anew into the page."""

from tests.judged.page import PAGE, printed

PAGE.write_text(printed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""The OpenAPI document as a file: `python -m parcelward.console.api.document FILE` writes it."""

import sys
from pathlib import Path

from parcelward.console.api.application import build_api
from parcelward.contract.schema_files import as_json


def text() -> str:
    """Give the document as the file has it."""
    return as_json(build_api().openapi())


def main() -> None:
    """Write the document into the file that is named."""
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()

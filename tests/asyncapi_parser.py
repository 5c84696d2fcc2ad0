"""Let the official AsyncAPI parser read schemas/asyncapi.json, references and all: `python -m tests.asyncapi_parser`.

Not in the suite: its npm packages weigh 54 MB. The suite asks the official JSON Schema, which follows no reference.
"""

import json
from pathlib import Path

from tests.node import FOLDER, run_node

PACKAGES = ("@asyncapi/parser@3.6.6",)
DOCUMENT = Path(__file__).parents[1] / "schemas" / "asyncapi.json"
SCRIPT = """
const {Parser, fromFile} = require('@asyncapi/parser');
fromFile(new Parser(), process.argv[1]).parse().then(({document, diagnostics}) => {
  const counts = document && {
    channels: document.channels().length,
    operations: document.operations().length,
    messages: document.messages().length,
  };
  const faults = diagnostics.map((one) => `${one.code} ${one.path.join('.')}: ${one.message}`);
  process.stdout.write(JSON.stringify({counts, faults}));
});
"""


def main() -> None:
    """Exits 1 when the parser takes the document for faulty, or has a remark."""
    said = json.loads(run_node(SCRIPT, str(DOCUMENT), packages=PACKAGES, folder=FOLDER.with_name("node-asyncapi")))
    print(*said["faults"], said["counts"] or "not parsed", sep="\n")
    raise SystemExit(1 if said["faults"] or not said["counts"] else 0)


if __name__ == "__main__":
    main()

"""All generated files of the folder of schemas: written, and checked for drift."""

from pathlib import Path

from parcelward.channels import document, page
from parcelward.contract import schema_files
from parcelward.contract.schema_files import as_json


def files(folder: Path) -> dict[str, str]:
    """Every generated file by name: the schemas, their index and tables, the AsyncAPI document and its page.

    The document has the examples that lie in the folder.
    """
    described = document.build_document(folder / "examples")
    return schema_files.files() | {document.NAME: as_json(described), page.NAME: page.build_page(described)}


def write(folder: Path) -> list[str]:
    """Write the generated files that differ and return their names. Examples are written by hand and never touched."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = files(folder)
    changed = _drift(folder, texts)
    for name in changed:
        if name in texts:
            (folder / name).write_text(texts[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def drift(folder: Path) -> list[str]:
    """Names of generated files that are missing, differ from the models, or belong to no message any more."""
    return _drift(folder, files(folder))


def _drift(folder: Path, texts: dict[str, str]) -> list[str]:
    stale = [path.name for path in sorted(folder.glob("*.json")) if path.name not in texts]
    return [name for name, text in texts.items() if _read(folder / name) != text] + stale


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None

"""The command by which this program was called, for hints that a reader can copy."""

import shlex
import shutil
import sys
from pathlib import Path


def own_command(called_as: str = "") -> str:
    """Return the command that calls `parcelward` again in the same folder: `.venv/bin/parcelward` if started that way.

    `called_as` is the program's path; default: `sys.argv[0]`.
    """
    program = Path(called_as or sys.argv[0])
    if program.name == "__main__.py":
        return f"{_typed(Path(sys.executable))} -m parcelward"
    return _typed(program)


def _typed(program: Path) -> str:
    found = shutil.which(program.name)
    if (found is not None and Path(found).absolute() == program.absolute()) or program.parent == Path():
        return shlex.quote(program.name)
    path = program.absolute()
    inside = path.is_relative_to(Path.cwd())
    return shlex.quote(str(path.relative_to(Path.cwd()) if inside else path))

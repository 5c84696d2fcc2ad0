"""How this program was called, so that hints can be typed as they stand."""

import shlex
import shutil
import sys
from pathlib import Path


def own_command(called_as: str = "") -> str:
    """What to type in the same folder to call `parcelward` again: `.venv/bin/parcelward` when started that way.

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

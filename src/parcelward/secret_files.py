"""Secrets from the environment, or from the files that it names: `NAME`, or `NAME_FILE`, as Docker's images have it."""

import logging
import stat
from collections.abc import Mapping
from pathlib import Path

from parcelward.errors import UserError

SUFFIX = "_FILE"
MOST_BYTES = 65_536

log = logging.getLogger(__name__)


def secret(name: str, environment: Mapping[str, str]) -> str | None:
    """The secret, from the variable `name` or from the file that `name`_FILE names; None when neither is set.

    One newline at the end of the file is no part of it. A file that everybody on the machine may read is a warning and
    no error: so Docker and Kubernetes mount secrets if nothing else is said, inside a container with one user.
    Raises UserError, naming the variable, when both are set or the file cannot be read, is empty or is too large.
    """
    path = environment.get(name + SUFFIX)
    if not path:
        return environment.get(name)
    if environment.get(name):
        raise UserError(f"both {name} and {name}{SUFFIX} are set; unset one of them")
    return _content(Path(path), name + SUFFIX)


def _content(path: Path, variable: str) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            if stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
                log.warning("%s names %s, which everybody on this machine may read; chmod 600 it", variable, path)
            content = file.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UserError(f"{variable} names {path}, which cannot be read: {why}") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{variable} names {path}, which is too large for a secret")
    content = content.removesuffix("\n").removesuffix("\r")
    if not content:
        raise UserError(f"{variable} names {path}, which is empty")
    return content

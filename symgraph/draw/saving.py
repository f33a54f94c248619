"""Writing a file whose suffix says which format it has, with one sentence for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from symgraph.errors import DrawError

__all__ = ["format_of", "path_of", "write"]

Format = TypeVar("Format", bound=Callable[..., bytes])


def path_of(path: object, where: str) -> Path:
    """A path. Raises DrawError for what is none."""
    if not isinstance(path, (str, Path)):
        raise DrawError(f"{where}: {path!r} is no path. Write a file name in quotes.")
    return Path(path)


def format_of(path: str | Path, formats: Mapping[str, Format], where: str) -> Format:
    """The format that the suffix of a path names. Raises DrawError where there is none."""
    target = path_of(path, where)
    found = formats.get(target.suffix.lower())
    if found is None:
        known = ", ".join(formats)
        example = (target.stem or "graph") + next(iter(formats))
        raise DrawError(
            f"{where}: the file name {target.name!r} ends in none of {known}, the formats there "
            f"are. Write {example!r}, for example."
        )
    return found


def write(path: str | Path, data: bytes, where: str) -> Path:
    """Write a file. Raises DrawError, which says why, when it cannot be written."""
    target = path_of(path, where)
    try:
        target.write_bytes(data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        fix = "Name a file in a folder that is there and may be written to."
        if not target.parent.is_dir():
            reason, fix = "there is no such folder", f"Make {str(target.parent)!r} first."
        raise DrawError(
            f"{where}: {str(target)!r} cannot be written: {reason or error}. {fix}"
        ) from error
    return target

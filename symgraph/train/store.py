"""Arrays by name in a file: safetensors, or NumPy's npz. Neither can run code when it is read.

A file is written beside its place and renamed, so that a crash leaves the old file or the new one,
never half of one.
"""

from __future__ import annotations

import contextlib
import glob
import io
import os
import secrets
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import (
    MissingFileError,
    NameClashError,
    UnsupportedError,
)
from symgraph.files import exists, refused
from symgraph.train.locks import try_lock

__all__ = [
    "SUFFIXES",
    "damaged",
    "is_ours",
    "read",
    "replace_file",
    "sweep",
    "sync_folder",
    "write",
]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]

HOUR = 3600  # seconds
SUFFIXES = (".safetensors", ".npz")
#: One text alone, since safetensors writes several in an order that changes.
_NOTE = "symgraph"
_RESERVED = "__metadata__"  # safetensors keeps its texts under this name


def write(path: str | Path, arrays: Arrays, note: str) -> None:
    """Write arrays, and in a safetensors file a note beside them; the same values, the same bytes.

    Raises UnsupportedError for another suffix than .safetensors and .npz, StorageError when the
    disk refuses; the old file is then still there.
    """
    target = Path(path)
    if _RESERVED in arrays:
        raise NameClashError(
            f"save: the name {_RESERVED!r} is reserved in files. Rename that variable."
        )
    plain = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    if target.suffix == ".safetensors":
        from safetensors.numpy import save

        replace_file(target, save(plain, metadata={_NOTE: note}))
    elif target.suffix == ".npz":
        replace_file(target, _npz(plain))
    else:
        raise _suffix("save", target)


def read(path: str | Path) -> tuple[dict[str, NDArray[Any]], str]:
    """The arrays of a file that `write` or any other tool has written, and its note or "".

    Raises UnsupportedError for another suffix or a file of another format, MissingFileError.
    """
    source = Path(path)
    if source.suffix == ".safetensors":
        return _read_safetensors(source)
    if source.suffix == ".npz":
        return _read_npz(source), ""
    raise _suffix("load", source)


def missing(path: Path) -> MissingFileError:
    """What to say of a path with nothing there."""
    return MissingFileError(
        f"load: there is no file or folder {str(path)!r}, seen from {str(Path.cwd())!r}. "
        "Check the path."
    )


def is_ours(path: Path) -> bool:
    """Whether `write` has written a safetensors file, by its note."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return _NOTE in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _suffix(where: str, path: Path) -> UnsupportedError:
    return UnsupportedError(
        f"{where}: {path.name!r} ends in {path.suffix!r}, and values are kept as .safetensors or "
        ".npz. Choose one of these."
    )


def damaged(path: Path, why: object) -> UnsupportedError:
    """What to say of a file that cannot be read."""
    return UnsupportedError(
        f"load: {path.name!r} is not a readable {path.suffix} file ({why}). Save it again."
    )


def _read_safetensors(path: Path) -> tuple[dict[str, NDArray[Any]], str]:
    from safetensors import SafetensorError, safe_open

    if not exists(path) or not path.is_file():
        raise missing(path)
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, (file.metadata() or {}).get(_NOTE, "")
    except SafetensorError as error:
        raise damaged(path, error) from error


def _read_npz(path: Path) -> dict[str, NDArray[Any]]:
    if not exists(path) or not path.is_file():
        raise missing(path)
    # np.load takes what is no archive for something else, and advises to read it without care
    if not zipfile.is_zipfile(path):
        raise damaged(path, "it is cut short, or never was one")
    found: dict[str, NDArray[Any]] = {}
    try:
        # np.load leaves a file open that it opened itself and cannot read
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            for name in archive.files:
                found[name] = archive[name]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise damaged(path, "a part of it is damaged") from error
    except (ValueError, TypeError) as error:
        raise damaged(path, f"beside {[*found]} it holds no arrays of numbers") from error
    return found


def _npz(arrays: Arrays) -> bytes:
    """An archive as np.savez writes it, for any names and with no time of writing in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def replace_file(target: Path, content: bytes) -> None:
    """Put a file in its place at once, after its content has reached the disk."""
    try:
        sweep(target.parent, glob.escape(target.name))
        beside, file = _beside(target)
        try:
            with file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if os.name == "posix":  # while it is open its lock keeps it from being swept
                    beside.replace(target)
            if os.name != "posix":
                beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        what = f"save: {str(target)!r} cannot be written"
        raise refused(error, what, "What was there") from error


def _beside(target: Path) -> tuple[Path, IO[bytes]]:
    """A new file next to its later place, locked while its writer lives."""
    while True:
        name = f".{target.name}.{os.getpid()}{secrets.token_hex(4)}.tmp"
        file = (target.parent / name).open("xb")
        while try_lock(file.fileno()) is False:
            time.sleep(0.001)  # another process looks whether it is left from one that died
        if os.name != "posix" or os.fstat(file.fileno()).st_nlink:
            return target.parent / name, file
        file.close()  # and took it for one


def sweep(folder: Path, name: str) -> None:
    """Remove what processes have left that were killed while they wrote a file of this name.

    `name` may be a pattern. Files of living processes are locked and stay; where nobody can know,
    they stay for an hour.
    """
    for left in folder.glob(f".{name}.*.tmp"):
        with contextlib.suppress(OSError), left.open("r+b") as file:
            free = try_lock(file.fileno())
            if free or (free is None and time.time() - left.stat().st_mtime > HOUR):
                left.unlink()


def sync_folder(folder: Path) -> None:
    """Wait until the names of the files in a folder have reached the disk."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

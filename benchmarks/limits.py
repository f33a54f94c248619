"""What bounds the loops of a step on this machine: multiply-adds, memory, divisions, roots."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.peak import TYPES, runner

__all__ = ["Limits"]

ENTRIES = 1024  # as in limits.c


class Limits:
    """Seconds that work takes at the very least, on one core."""

    def __init__(self, dtype: str) -> None:
        compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
        if compiler is None or platform.machine() not in ("x86_64", "AMD64"):
            raise RuntimeError("profiles need a C compiler and the clock of an x86 processor")
        self.itemsize = np.dtype(dtype).itemsize
        name = TYPES[dtype][0]
        with tempfile.TemporaryDirectory() as folder:
            library = str(Path(folder, "limits.so"))
            flags = ["-O2", "-ftree-vectorize", "-march=native", "-fno-math-errno", "-fPIC"]
            source = str(Path(__file__).with_name("limits.c"))
            command = [compiler, *flags, "-shared", f"-DREAL={name}", source, "-o", library]
            subprocess.run(command, check=True)
            self._library = ctypes.CDLL(library)
        self._library.ticks.restype = ctypes.c_uint64
        begun, ticks = time.perf_counter(), self._library.ticks()
        time.sleep(0.1)
        self.tick = (time.perf_counter() - begun) / (self._library.ticks() - ticks)
        made = runner(dtype)
        assert made is not None
        run, operations = made
        self.flop = _fastest(run, 100) / operations
        to, some = np.zeros(ENTRIES, dtype), np.ones(ENTRIES, dtype)
        self.divide, self.root = (
            _fastest(_loop(function, to.ctypes.data, some.ctypes.data), 100) / ENTRIES
            for function in (self._library.divide, self._library.root)
        )
        lines = np.zeros(3 * ENTRIES, dtype)
        numbers = lines.ctypes.data + -lines.ctypes.data % 64
        given = numbers, numbers + ENTRIES, to.ctypes.data
        multiply = self._library.multiply
        multiply.restype = ctypes.c_long
        each = multiply(ctypes.c_long(1), *(ctypes.c_void_p(one) for one in given))
        self.product = _fastest(_loop(multiply, *given), 10_000) / each
        self.byte = cache(self._byte)

    def _byte(self, size: int) -> float:
        """Seconds to read a byte again that lies in so much memory."""
        size = max(-(-size // 512) * 512, 512)
        memory = np.zeros(size + 64, np.uint8)
        start = memory.ctypes.data + -memory.ctypes.data % 64
        read, total = self._library.read_memory, np.zeros(1)
        run = _loop(read, start, ctypes.c_long(size), total.ctypes.data)
        return _fastest(run, max(1, 4_000_000 // size)) / size


def _loop(function: Callable[..., object], *arguments: object) -> Callable[[int], float]:
    given = [ctypes.c_void_p(a) if isinstance(a, int) else a for a in arguments]

    def run(count: int) -> float:
        begun = time.process_time()
        function(ctypes.c_long(count), *given)
        return time.process_time() - begun

    return run


def _fastest(run: Callable[[int], float], count: int) -> float:
    """Seconds of one of many."""
    while run(count) < 2e-3:
        count *= 2
    return min(run(count) for _ in range(15)) / count

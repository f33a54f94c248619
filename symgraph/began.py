"""When this process began to load the package; the package itself imports it before all else."""

from __future__ import annotations

import time

__all__ = ["BEGAN"]

#: Nanoseconds since the epoch: code that is older than this is the code that runs.
BEGAN = time.time_ns()

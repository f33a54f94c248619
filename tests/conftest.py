"""Settings shared by all tests."""

import gc
import os
import signal

import hypothesis
import pytest

# What wrote the reference values needs libraries that the tests do not.
collect_ignore_glob = ["references/*"]

# The checks of the lectures stand in modules that are no tests; their assertions tell as much.
pytest.register_assert_rewrite("lectures")

# Figures are never shown: there may be no display.
os.environ["MPLBACKEND"] = "Agg"

# A shell ignores Ctrl-C in what it starts in the background, and tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine, and no failure because a machine is slow.
hypothesis.settings.register_profile(
    "symgraph", deadline=None, derandomize=True, print_blob=True, database=None
)
hypothesis.settings.load_profile("symgraph")


def pytest_collection_finish() -> None:
    """What is there for good, a million objects of tests and libraries, is not searched again.

    A tenth of the time of the tests went into looking there for garbage.
    """
    gc.collect()
    gc.freeze()

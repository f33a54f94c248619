"""Settings shared by all tests."""

import os

import hypothesis

# What wrote the reference values needs libraries that the tests do not.
collect_ignore_glob = ["references/*"]

# Figures are never shown: there may be no display.
os.environ["MPLBACKEND"] = "Agg"

# The same examples on every machine, and no failure because a machine is slow.
hypothesis.settings.register_profile(
    "symgraph", deadline=None, derandomize=True, print_blob=True, database=None
)
hypothesis.settings.load_profile("symgraph")

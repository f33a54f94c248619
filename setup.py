"""The list of packages; everything else about the build is in pyproject.toml.

The list is not left to pyproject.toml because ``symgraph.codegen`` lives in ``codegen/``: a search
under ``symgraph/`` finds it only through the link ``symgraph/codegen``, which an unpacked sdist and
a Windows checkout do not have.
"""

from setuptools import find_packages, setup

CODEGEN = "symgraph.codegen"

above = find_packages(include=["symgraph", "symgraph.*"], exclude=[CODEGEN, f"{CODEGEN}.*"])
below = find_packages(include=["codegen", "codegen.*"])
setup(packages=[*above, *(f"symgraph.{name}" for name in below)])

"""Whether native code can be made here."""

from __future__ import annotations

from functools import cache

from symgraph.codegen.native.toolchain import ToolchainError, find_compiler

__all__ = ["has_a_compiler"]


@cache
def has_a_compiler() -> bool:
    try:
        find_compiler()
    except ToolchainError:
        return False
    return True

"""What a test needs that builds native code."""

import pytest

from symgraph.codegen.native.toolchain import ToolchainError, find_compiler


def _is_there() -> bool:
    try:
        find_compiler()
    except ToolchainError:
        return False
    return True


needs_c_compiler = pytest.mark.skipif(not _is_there(), reason="needs gcc, clang or cc")

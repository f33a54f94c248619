"""Builds the program with gcc or clang: pip install .

CFLAGS of yours stand behind the flags below. Where they choose a processor (-march=..., -mcpu=...)
the code is for that one, else it is for the processor at hand.
"""

import os
import re
import tempfile

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = [
@SOURCES@
]
FLAGS = [@FLAGS@]
NATIVE = ["@NATIVE@", "-mcpu=native"]


class Build(build_ext):
    """Adds the flags that the compiler takes."""

    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            raise SystemExit("The C uses vector extensions: it needs gcc or clang, not MSVC.")
        flags = [flag for flag in FLAGS if self.takes(flag)]
        if not re.search(r"-m(arch|cpu)=", os.environ.get("CFLAGS", "")):
            flags += [flag for flag in NATIVE if self.takes(flag)][:1]
        for extension in self.extensions:
            extension.extra_compile_args = flags
        super().build_extensions()

    def takes(self, flag):
        """Whether the compiler knows a flag."""
        with tempfile.TemporaryDirectory() as folder:
            probe = os.path.join(folder, "probe.c")
            with open(probe, "w", encoding="ascii") as file:
                file.write("int probe(void) { return 0; }\n")
            try:
                self.compiler.compile([probe], output_dir=folder, extra_postargs=["-Werror", flag])
            except Exception:  # every compiler has its own
                return False
        return True


PROGRAM = Extension("@PACKAGE@.program", SOURCES, libraries=["m"] if os.name == "posix" else [])
setup(ext_modules=cythonize([PROGRAM], language_level=3), cmdclass={"build_ext": Build})

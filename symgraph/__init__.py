"""A symbolic graph compiler and derivative explorer.

Every public name is imported from its module when it is first used, so that ``import symgraph``
itself loads neither SymPy nor NumPy.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Where each public name is defined. The block under TYPE_CHECKING tells mypy and editors the same;
# tests/test_public_names.py holds the two together.
_NAMES: dict[str, str] = {
    "symgraph.errors": """
        CycleError DrawError GradientError KindError NameClashError NonFiniteError RangeError
        ShapeError SymgraphError UnknownNameError UnsupportedError
    """,
}
# Modules that are public as a whole, by the name they have here.
_MODULES: dict[str, str] = {}

if TYPE_CHECKING:
    from symgraph.errors import (
        CycleError as CycleError,
        DrawError as DrawError,
        GradientError as GradientError,
        KindError as KindError,
        NameClashError as NameClashError,
        NonFiniteError as NonFiniteError,
        RangeError as RangeError,
        ShapeError as ShapeError,
        SymgraphError as SymgraphError,
        UnknownNameError as UnknownNameError,
        UnsupportedError as UnsupportedError,
    )

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_HOME, *_MODULES]  # noqa: PLE0604 - keys are strings


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    else:
        package = sys.modules[__name__]
        raise AttributeError(f"symgraph has no public name {name!r}", name=name, obj=package)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package, in which a public name wins over a submodule of the same name.

    Python binds an imported submodule to its package: after ``import symgraph.graph`` the name
    ``symgraph.graph`` would be that module and no longer the public function ``graph``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        is_submodule = isinstance(value, ModuleType) and value.__name__ == f"{__name__}.{name}"
        if is_submodule and name in _HOME:
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

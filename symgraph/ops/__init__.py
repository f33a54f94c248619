"""The closed set of primitives; everything else is a function of these."""

from __future__ import annotations

from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Iota, Random, Var
from symgraph.ops.let import Let
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.loop import Final, Scan, Trace
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape

__all__ = [
    "Concat",
    "Const",
    "Det",
    "Einsum",
    "Fill",
    "Final",
    "Inv",
    "Iota",
    "Let",
    "LogDet",
    "Map",
    "Pull",
    "Push",
    "Random",
    "Reduce",
    "Reshape",
    "Scan",
    "Solve",
    "Trace",
    "Var",
]

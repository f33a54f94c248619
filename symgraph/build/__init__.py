"""The user functions: expressions of the primitives, without derivative rules of their own.

Importing any of them imports those that give nodes their operators (`a + b`, `x[0]`, `x.sum()`)
and what takes plain SymPy wherever a node can stand.
"""

import symgraph.build.activations
import symgraph.build.arithmetic
import symgraph.build.conditions
import symgraph.build.contract
import symgraph.build.copying
import symgraph.build.elementary
import symgraph.build.indexing
import symgraph.build.reductions
import symgraph.build.shaping
import symgraph.lift  # noqa: F401

"""What derivations print is a formula again, with the same value.

Left out is what the language does not have: recurrences, sums over an index, entries, names that
are no words, such as w_1-11, and products of vectors that are rows; and results whose size only the
left side tells, such as tr(A) I.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from identities.row import Row, arrays_of
from identities.rows import ROWS
from identities.score import agree

import symgraph as sg
from symgraph import zoo
from symgraph.explain.derivation import Derivation, Equation
from symgraph.network import load_network
from symgraph.node import Node
from symgraph.notation import indexed, sequences
from symgraph.notation.tree import walk
from symgraph.printing import Style
from symgraph.walks import variables

STYLES: tuple[Style, ...] = ("text", "unicode")
WITHOUT_A_SIZE = {"K1", "K2", "mean-pool", "cbow-vectors"}
#: A vector with one entry stands for the number that it holds.
WITH_A_SINGLE_ENTRY = {"universal", "dropout"}
WITH_OTHER_NAMES = {"two-three-one", "likelihood"}
#: Vectors that are rows on the page, which the formula alone does not say: x w of column and row.
WITH_ROWS = {"free-energy", "universal-fit"}
#: In index form from the first layer to the last.
OF_ENTRIES = {
    "activated-score", "batch-norm-net", "conv-classifier", "conv-layer", "digits", "digits-deep",
    "hello", "hypothesis", "lenet", "max-pool", "maxout", "monomials", "power", "residual-net",
    "score", "shared-weights", "text-classifier", "two-cars-net", "wall",
}  # fmt: skip
#: In terms of time, or of words looked up.
OVER_TIME = {
    "bidirectional", "captioning", "cbow-lookup", "cbow-negative", "char-lstm", "char-rnn", "elman",
    "encoder-decoder", "gender-cell", "gru", "lstm", "lstm-row", "rnn", "rnn-concatenated", "rnn-h",
    "rnn-modes", "rnn-row", "rnn-scalar", "rnn-stacked", "sentence-classifier",
    "sequence-classifier", "tagger", "transformer",
}  # fmt: skip
#: The language of formulas has no word for what stops a derivative.
WITH_FROZEN_LAYERS = {"autoencoders"}
LEFT_OUT = (
    WITHOUT_A_SIZE | WITH_A_SINGLE_ENTRY | WITH_OTHER_NAMES | WITH_ROWS | OF_ENTRIES
    | OVER_TIME | WITH_FROZEN_LAYERS
)  # fmt: skip


def is_special(line: Equation) -> bool:
    """Whether a line has indices or times."""
    modules = {indexed.__name__, sequences.__name__}
    parts = [one for side in (line.left, line.right) for one in walk(side)]
    return line.span is not None or any(type(one).__module__ in modules for one in parts)


def read_back(derivation: Derivation, root: Node, style: Style) -> Node | None:
    """The printed definitions and the result as a formula; None where it has indices or times."""
    lines = [*derivation.given, *derivation.names, derivation.result]
    if any(map(is_special, lines)):
        return None
    *lets, (_, result) = [line.written(style).split(" = ", 1) for line in lines]
    text = "\n".join([*(f"let {left} = {right}" for left, right in lets), result])
    leaves = variables([root])
    kinds = {leaf.name: leaf.kind for leaf in leaves if leaf.kind != "real"}
    return sg.formula(text, {leaf.name: leaf.shape for leaf in leaves}, kinds=kinds)


def value_of(node: Node, values: dict[str, Any]) -> Any:
    return sg.evaluate(node, {leaf.name: values[leaf.name] for leaf in variables([node])})


GRADIENTS = [
    pytest.param(row, id=row.id)
    for row in ROWS
    if row.kind == "gradient" and row.id not in WITHOUT_A_SIZE
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("row", GRADIENTS)
def test_the_printed_gradient_of_an_identity_is_a_formula(row: Row, style: Style):
    problem = row.problem(row.shapes[0])
    node = read_back(problem.derivation, problem.expr, style)
    if node is None or problem.expr.shape != ():
        pytest.skip("an index form, or a Jacobian")
    values = arrays_of(row, problem, seed=0)
    _, exact = sg.evaluate([problem.expr, sg.grad(problem.expr, problem.wrt)], values)

    assert agree(value_of(node, values), exact)


def drawn(leaf: Node, rng: np.random.Generator) -> Any:
    """Positive values; each name of a size has a size of its own."""
    shape = [n if isinstance(n, int) else 2 + sum(map(ord, str(n))) % 5 for n in leaf.shape]
    if leaf.kind == "integer":
        return rng.integers(0, 2, shape)
    uniform = rng.uniform(0.2, 1.2, shape)
    return uniform > 0.7 if leaf.kind == "boolean" else uniform


SYSTEMS = sorted({*zoo.names()} - LEFT_OUT)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_printed_gradients_of_a_system_are_formulas(name: str):
    loss = load_network(f"zoo:{name}")
    leaves = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    parameters = [leaf for leaf in leaves if leaf.params[2] == "parameter"]
    rng = np.random.default_rng(3)
    values = {leaf.name: drawn(leaf, rng) for leaf in variables([loss])}
    checked = 0
    for leaf in parameters or leaves:
        derivation = sg.derive(loss, leaf)
        for style in STYLES:
            node = read_back(derivation, loss, style)
            if node is None:
                continue
            _, exact = sg.evaluate([loss, sg.grad(loss, leaf)], values)
            assert agree(value_of(node, values), exact), (leaf, style)
            checked += 1
    if not checked:
        pytest.skip("all in indices or in times: its place is in LEFT_OUT")


def test_nearly_all_identities_are_read_back():
    problems = [row.problem(row.shapes[0]) for row in ROWS if row.id not in WITHOUT_A_SIZE]
    scalars = [one for one in problems if one.expr.shape == ()]
    read = [read_back(one.derivation, one.expr, "text") for one in scalars]

    assert sum(one is not None for one in read) >= 65

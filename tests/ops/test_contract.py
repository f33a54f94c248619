"""What every registered primitive promises: its shape rule, meanings, derivatives, and spelling."""

import itertools
import pickle
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from brackets import is_balanced
from numeric import sizes_of, value
from primitive_samples import SAMPLES, Sample

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.evaluate import entries
from symgraph.ops.sweep import batched_roots
from symgraph.printing import Format, Piece, Style
from symgraph.scalar import plain
from symgraph.shapes import bind_shape
from symgraph.walks import topological

STYLES: tuple[Style, ...] = ("text", "unicode", "latex")
DTYPES = {"real": "f", "integer": "i", "boolean": "b"}

ALL = [
    pytest.param(name, k, id=f"{name}: {sample.title}")
    for name, samples in SAMPLES.items()
    for k, sample in enumerate(samples)
]


def chosen(condition: Any) -> Any:
    return pytest.mark.parametrize(
        ("name", "k"), [p for p in ALL if condition(SAMPLES[p.values[0]][p.values[1]])]
    )


def has_value(sample: Sample) -> bool:
    return not sample.node.is_loop


def has_formulas(sample: Sample) -> bool:
    sizes = [node.shape for node in topological([sample.node])]
    lengths = [node.params[1] for node in topological([sample.node]) if node.is_loop]
    return (
        has_value(sample)
        and type(sample.node).__name__ != "Random"
        and all(isinstance(size, int) for size in (*itertools.chain(*sizes), *lengths))
    )


def has_derivatives(sample: Sample) -> bool:
    return has_value(sample) and sample.node.kind == "real" and sample.is_differentiable


def real_leaves(sample: Sample) -> list[Node]:
    return [leaf for leaf in sample.values if leaf.kind == "real"]


def test_every_primitive_has_samples_of_its_class():
    assert {name for name in Node.registry if not SAMPLES.get(name)} == set()
    for name, samples in SAMPLES.items():
        if name == "Trace":  # what is computed outside of the loop is none
            assert any(type(sample.node).__name__ == name for sample in samples)
            continue
        others = [s.title for s in samples if type(s.node).__name__ != name]
        assert others == []


# --- shape and value ----------------------------------------------------------------------------


@chosen(has_value)
def test_a_value_has_the_shape_and_the_kind_of_its_node(name: str, k: int):
    sample = SAMPLES[name][k]

    found = value(sample.node, sample.values, N=2, T=3)

    sizes = {**sizes_of(sample.values), **{sg.input("d", s).shape[0]: n for s, n in N_AND_T}}
    assert found.shape == bind_shape(sample.node.shape, sizes)
    assert found.dtype.kind == DTYPES[sample.node.kind]


N_AND_T = (("N", 2), ("T", 3))


class Formulas:
    """The entries of a node as SymPy formulas over one symbol for each real entry of a leaf."""

    def __init__(self, sample: Sample) -> None:
        self.symbols: dict[Node, Any] = {}
        self.numbers: dict[Any, Any] = {}
        tables: dict[Node, Any] = {}
        for leaf, array in sample.values.items():
            tables[leaf] = np.empty(array.shape, dtype=object)
            for index in np.ndindex(array.shape):
                exact = sympy.Rational(array[index].item())
                symbol = sympy.Symbol(f"{leaf}_{'_'.join(map(str, index))}", real=True)
                self.numbers[symbol] = exact
                tables[leaf][index] = symbol if leaf.kind == "real" else exact
            self.symbols[leaf] = tables[leaf]
        self.table = entries([sample.node], tables)[sample.node]
        self.plain = np.empty(self.table.shape, dtype=object)
        for index in np.ndindex(self.table.shape):
            self.plain[index] = plain(sympy.sympify(self.table[index]))

    def number(self, formula: Any) -> float:
        """To 30 digits; what occurs several times in the formula is computed once."""
        symbols = sorted(sympy.sympify(formula).free_symbols, key=str)
        function = sympy.lambdify(symbols, formula, "mpmath", cse=True)
        with mpmath.workdps(30):
            exact = [self.numbers[symbol] for symbol in symbols]
            return float(function(*(mpmath.mpf(one.p) / one.q for one in exact)))

    def values(self) -> np.ndarray:
        found = np.empty(self.plain.shape)
        for index in np.ndindex(found.shape):
            found[index] = self.number(self.plain[index])
        return found

    def jacobian(self, leaf: Node) -> np.ndarray:
        """Every entry differentiated by every entry of a leaf, by SymPy."""
        symbols = self.symbols[leaf]
        found = np.zeros((*self.plain.shape, *symbols.shape))
        for out in np.ndindex(self.plain.shape):
            present = self.plain[out].free_symbols
            for place in np.ndindex(symbols.shape):
                if symbols[place] in present:
                    slope = sympy.diff(self.plain[out], symbols[place])
                    found[(*out, *place)] = self.number(slope)
        return found


@chosen(has_formulas)
def test_the_value_is_what_the_entry_formulas_say(name: str, k: int):
    sample = SAMPLES[name][k]

    formulas = Formulas(sample)

    found = value(sample.node, sample.values)
    assert formulas.table.shape == found.shape
    np.testing.assert_allclose(found.astype(float), formulas.values(), rtol=1e-13, atol=1e-13)


def test_random_entries_are_one_function_of_the_key_and_the_place():
    sample = SAMPLES["Random"][0]
    (key,) = sample.values

    table = entries([sample.node], {key: np.array(sympy.Symbol("k"))})[sample.node]

    assert len(set(table.flat)) == 6
    assert {str(entry.func) for entry in table.flat} == {"random_normal_3"}
    assert table[1, 2].args == (1, 2, sympy.Symbol("k"))


# --- derivatives --------------------------------------------------------------------------------


@chosen(lambda sample: has_formulas(sample) and has_derivatives(sample))
def test_vjp_and_jvp_are_what_sympy_differentiates(name: str, k: int):
    sample = SAMPLES[name][k]
    node = sample.node
    generator = np.random.default_rng(1)
    ct = generator.normal(size=node.shape)
    formulas = Formulas(sample)
    for leaf in real_leaves(sample):
        jacobian = formulas.jacobian(leaf)
        away = generator.normal(size=leaf.shape)

        back = value(sg.vjp(node, leaf, ct), sample.values)
        ahead = value(sg.jvp(node, leaf, away), sample.values)

        np.testing.assert_allclose(
            back, np.tensordot(ct, jacobian, node.ndim), rtol=1e-11, atol=1e-12
        )
        np.testing.assert_allclose(
            ahead, np.tensordot(jacobian, away, leaf.ndim), rtol=1e-11, atol=1e-12
        )


@chosen(has_derivatives)
def test_vjp_agrees_with_central_differences(name: str, k: int):
    sample = SAMPLES[name][k]
    generator = np.random.default_rng(2)
    weights = sg.input("weights", sample.node.shape)
    ct = generator.normal(size=value(sample.node, sample.values).shape)
    for leaf in real_leaves(sample):
        gradient = sg.vjp(sample.node, leaf, weights)
        back = value(gradient, {**sample.values, weights: ct})
        for place in np.ndindex(sample.values[leaf].shape):
            moved = []
            for step in (1e-5, -1e-5):
                array = sample.values[leaf].copy()
                array[place] += step
                moved.append(value(sample.node, {**sample.values, leaf: array}))
            slope = float(np.sum(ct * (moved[0] - moved[1]))) / 2e-5
            np.testing.assert_allclose(back[place], slope, rtol=1e-7, atol=1e-7)


@chosen(has_derivatives)
def test_jvp_is_the_transpose_of_vjp(name: str, k: int):
    sample = SAMPLES[name][k]
    node = sample.node
    ct, leaves = sg.input("ct", node.shape), real_leaves(sample)
    if not leaves:
        return
    ways = [sg.input(f"way {i}", leaf.shape) for i, leaf in enumerate(leaves)]
    generator = np.random.default_rng(3)
    values = dict(sample.values)
    values[ct] = generator.normal(size=value(node, sample.values).shape)
    for leaf, way in zip(leaves, ways, strict=True):
        values[way] = generator.normal(size=values[leaf].shape)

    back = [value(g, values) for g in sg.vjp(node, leaves, ct)]
    ahead = value(sg.jvp(node, leaves, ways), values)

    left = float(np.sum(values[ct] * ahead))
    right = sum(float(np.sum(b * values[way])) for b, way in zip(back, ways, strict=True))
    np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


@chosen(lambda sample: has_value(sample) and not sample.is_differentiable)
def test_what_has_no_derivative_sends_none(name: str, k: int):
    sample = SAMPLES[name][k]
    node = sample.node
    ct = sg.input("ct", node.shape)

    assert [node.vjp(ct, i) for i in range(len(node.args))] == [None] * len(node.args)
    assert node.jvp(list(node.args)) is None


# --- a new axis ---------------------------------------------------------------------------------


@chosen(lambda sample: has_value(sample) and type(sample.node).__name__ != "Random")
def test_a_batch_of_values_is_the_stack_of_them(name: str, k: int):
    sample = SAMPLES[name][k]
    leaves = list(sample.values)
    choices = [[leaf] for leaf in leaves] + ([leaves] if len(leaves) > 1 else [])
    generator = np.random.default_rng(4)
    for batched in choices:
        wide = {leaf: sg.input(f"wide {leaf}", (3, *leaf.shape), kind=leaf.kind) for leaf in leaves}
        arrays = {
            leaf: [varied(generator, sample.values[leaf]) for _ in range(3)] for leaf in batched
        }

        (root,) = batched_roots([sample.node], {leaf: wide[leaf] for leaf in batched}, 3)

        stacked = {wide[leaf]: np.stack(arrays[leaf]) for leaf in batched}
        found = value(root, {**sample.values, **stacked})
        assert root.shape == (3, *sample.node.shape)
        assert root.kind == sample.node.kind
        for row in range(3):
            one = {**sample.values, **{leaf: arrays[leaf][row] for leaf in batched}}
            expected = value(sample.node, one)
            np.testing.assert_allclose(found[row], expected, rtol=1e-12, atol=1e-13)


def varied(generator: np.random.Generator, array: np.ndarray) -> np.ndarray:
    """Another array of the same kind; integers are exchanged, so that indices stay inside."""
    if array.dtype.kind == "f":
        return array + generator.uniform(-0.1, 0.1, size=array.shape)
    return generator.permutation(array.reshape(-1)).reshape(array.shape)


def test_random_values_have_no_batch():
    sample = SAMPLES["Random"][0]
    (key,) = sample.values

    with pytest.raises(sg.UnsupportedError, match="Random has no batched form"):
        batched_roots([sample.node], {key: sg.input("keys", 3, kind="integer")}, 3)


# --- building again -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "k"), ALL)
def test_a_node_is_rebuilt_from_its_parts(name: str, k: int):
    node = SAMPLES[name][k].node

    assert node.func(*node.args) is node
    assert type(node).rebuild(node.params, node.args) is node
    assert pickle.loads(pickle.dumps(node)) is node


@chosen(has_value)
def test_the_folded_form_has_the_same_value(name: str, k: int):
    sample = SAMPLES[name][k]
    node = sample.node

    folded = type(node).folded(node.params, node.args)

    assert folded.shape == node.shape
    np.testing.assert_allclose(
        value(folded, sample.values, N=2), value(node, sample.values, N=2), rtol=1e-13
    )


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "k"), ALL)
@pytest.mark.parametrize("style", STYLES)
def test_a_node_is_written_with_all_its_operands(style: Style, name: str, k: int):
    node = SAMPLES[name][k].node
    operands = [Piece(f"operand{i}") for i in range(len(node.args))]

    piece = node.form(Format(style), operands)

    assert piece.text.strip()
    missing = [p.text for p in operands if p.text not in piece.text]
    assert missing == [] or node in WITHOUT_OPERAND
    assert is_balanced(piece.text)
    assert is_balanced(node._written(style))


#: An identity matrix is not written as the diagonal of ones, an unused operand not at all.
WITHOUT_OPERAND = {
    next(s.node for s in SAMPLES[name] if s.title == title)
    for name, title in (("Einsum", "identity matrix"), ("Map", "unused operand"))
}


@chosen(has_derivatives)
def test_the_label_of_every_edge_is_written(name: str, k: int):
    sample = SAMPLES[name][k]
    ct = sg.input("ct", sample.node.shape)

    labels = sg.adjoints(sample.node, cotangent=ct).contribution.values()

    assert labels or not sample.node.args or not real_leaves(sample)
    for label, style in itertools.product(labels, STYLES):
        assert is_balanced(label._written(style))

"""Gradients, products with Jacobians and Hessians: what they are, where they refuse, at kinks."""

from typing import Any

import numpy as np
import pytest
import sympy
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.node import Node

x, y, z = (sg.input(name) for name in "xyz")
v = sg.input("v", 3)
A = sg.input("A", (2, 3))

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, **CLOSE)


# --- what a gradient is -------------------------------------------------------------------------


def test_one_node_gives_a_node_and_a_list_gives_a_list():
    loss = sg.sum(A @ v)

    single = sg.grad(loss, v)
    several = sg.grad(loss, [v, A])

    assert isinstance(single, Node)
    assert single.shape == (3,)
    assert [g.shape for g in several] == [(3,), (2, 3)]
    assert several[0] is single
    assert sg.grad(loss, (v,)) == [single]
    assert sg.grad(loss, []) == []


def test_a_gradient_has_the_shape_and_kind_of_what_it_is_taken_by():
    i = sg.input("i", kind="integer")

    gradient = sg.grad(v @ v * i, v)

    assert (gradient.shape, gradient.kind) == ((3,), "real")


def test_the_gradient_by_a_node_in_the_middle():
    h = sg.tanh(x)

    same(value(sg.grad(h * h * y, h), {x: 0.5, y: 3.0}), 2 * np.tanh(0.5) * 3.0)


def test_the_gradient_by_a_node_counts_the_ways_through_another():
    h = sg.sin(x)
    loss = h * h + x
    at = {x: 0.4}

    by_x, by_h = evaluate(sg.grad(loss, [x, h]), at)

    same(by_h, 2 * np.sin(0.4))
    same(by_x, 2 * np.sin(0.4) * np.cos(0.4) + 1)
    same(value(sg.jvp(loss, [x, h], [1.0, 5.0]), at), by_x + 5 * by_h)


def test_a_given_cotangent_weighs_the_entries():
    weights = np.array([1.0, -2.0])
    at = {A: np.arange(6.0).reshape(2, 3), v: np.ones(3)}

    same(value(sg.grad(A @ v, v, weights), at), [-6.0, -7.0, -8.0])
    same(value(sg.vjp(A @ v, v, weights), at), [-6.0, -7.0, -8.0])
    same(value(sg.grad(A @ v, v, cotangent=sg.const([1, -2])), at), [-6.0, -7.0, -8.0])
    assert sg.grad(A @ v, v, [1, -2]).kind == "real"
    assert sg.grad(x * y, x, 2).kind == "real"


def test_whole_numbers_as_tangent_are_real():
    k = sg.input("k", kind="integer")

    assert sg.jvp(x * 2, x, 1).kind == "real"
    assert sg.jvp(v * 2, v, [1, 0, 0]).kind == "real"
    assert sg.jvp(x * 2, x, k).kind == "real"
    same(value(sg.jvp(x * 2, x, k), {x: 1.0, k: 3}), 6.0)


def test_a_cotangent_may_be_a_node():
    g = sg.input("g", 2)

    assert str(sg.grad(A @ v, v, g)) == "A.T @ g"


def test_what_is_stopped_sends_no_gradient():
    same(value(sg.grad(x * sg.stop_gradient(x), x), {x: 3.0}), 3.0)
    assert str(sg.grad(sg.stop_gradient(x) * 2, x)) == "0"
    same(value(sg.jvp(sg.stop_gradient(x) * x, x, 1.0), {x: 3.0}), 3.0)
    assert str(sg.jvp(sg.stop_gradient(v), v, [1.0, 2.0, 3.0])) == "0"


def test_a_frozen_parameter_has_a_gradient_and_lets_others_through():
    frozen = sg.parameter("frozen", trainable=False)
    free = sg.parameter("free")
    loss = (frozen * free * x) ** 2

    by_frozen, by_free = evaluate(sg.grad(loss, [frozen, free]), {frozen: 2.0, free: 3.0, x: 0.5})

    same([by_frozen, by_free], [2 * 3 * 3 * 0.5, 2 * 3 * 2 * 0.5])


def test_a_name_does_not_change_a_gradient():
    plain = sg.sum(sg.tanh(A @ v))
    named = sg.let("loss", sg.sum(sg.let("h", sg.tanh(sg.let("net", A @ v)))))
    at = {A: np.ones((2, 3)) / 3, v: np.array([0.1, -0.4, 0.7])}

    same(value(sg.grad(named, v), at), value(sg.grad(plain, v), at))


def test_every_cotangent_and_every_edge_is_kept():
    h = sg.let("h", sg.sin(x))
    loss = h * y

    found = sg.adjoints(loss)

    assert set(found.cotangent) == {loss, h, h.args[0], x, y}
    assert str(found.cotangent[h]) == "y"
    assert str(found.contribution[loss, 0]) == "y"
    assert found.contribution[loss, 1] is h
    assert str(found.contribution[h.args[0], 0]) == "y*cos(x)"
    assert set(sg.adjoints(loss, [y]).cotangent) == {loss, y}


def test_plain_sympy_is_differentiated_as_a_node_is():
    w, s, t = sympy.symbols("a b c")  # in SymPy's order

    gradient = sg.grad(sympy.Max(0, 1 - w * s * t), w)
    second = sg.grad(sympy.Max(0, 1 - w * x * t) ** 2, w)

    assert str(gradient) == str(sg.grad(sg.maximum(0, 1 - sg.input("a") * s * t), w))
    at = {sg.input("a"): 0.5, sg.input("b"): 2.0, sg.input("c"): 0.25}
    same(value(gradient, at), -0.5)
    same(value(second, {sg.input("a"): 0.5, x: 2.0, sg.input("c"): 0.25}), -2 * 0.75 * 0.5)
    assert sg.hessian(w**3, w) is sg.hessian(sg.input("a") ** 3, sg.input("a"))
    assert sg.jacobian(sympy.sin(w), w) is sg.grad(sympy.sin(w), sg.input("a"))
    assert sg.jvp(sympy.sin(w), w, 1.0) is sg.jvp(sympy.sin(w), [w], [1.0])
    assert sg.hvp(w**3, [w], [1.0]) == [sg.hvp(w**3, w, 1.0)]
    assert sg.adjoints(w * s, [w]).cotangent[sg.input("a")] is sg.input("b")


# --- the numbers of the lectures ----------------------------------------------------------------


def test_building_blocks_have_the_labels_of_the_lecture():
    at = {x: 3.0, y: -2.0}

    def labels(node: Node, at: dict[Node, float]) -> list[float]:
        found = sg.adjoints(node).contribution
        return [
            float(value(found.get((node, k), sg.const(0.0)), at)) for k in range(len(node.args))
        ]

    assert labels(x + y, at) == [1, 1]
    assert labels(x - y, at) == [1, -1]
    assert labels(x * y, at) == [-2.0, 3.0]
    assert labels(sg.maximum(x, y), at) == [1, 0]
    assert labels(sg.maximum(y, x), at) == [0, 1]
    assert labels(sg.maximum(x, y), {x: 2.0, y: 2.0}) == [0, 0]
    assert labels(x**2, {x: 3.0}) == [6.0]
    same(labels(sg.sigmoid(x), {x: 0.755}), [0.21750373779441076])
    same(value(sg.sigmoid(x), {x: 0.755}), 0.6802671966986485)


def test_a_chain_multiplies_its_labels():
    mid = sg.let("mid", sg.sin(x))
    out = sg.exp(mid)
    at = {x: 0.7}

    found = sg.adjoints(out)

    same(value(mid, at), 0.644217687237691)
    same(value(found.contribution[out, 0], at), 1.9044965343867302)
    same(value(sg.grad(mid, x), at), 0.7648421872844885)
    same(value(sg.grad(out, x), at), 1.4566392950360747)


@pytest.mark.parametrize(
    ("weights", "label", "loss", "gradient", "gradient_of_margin"),
    [
        ([1.0, 2.0], 1.0, 1.0, [-2.0, 1.0], -1.0),
        ([1.0, 2.0], -1.0, 1.0, [2.0, -1.0], -1.0),
        ([3.0, 1.0], 1.0, 0.0, [0.0, 0.0], 0.0),
        ([1.0, 1.0], 1.0, 0.0, [0.0, 0.0], 0.0),
        ([0.5, 0.25], 1.0, 0.25, [-2.0, 1.0], -1.0),
        ([3.0, 1.0], -1.0, 6.0, [2.0, -1.0], -1.0),
    ],
)
def test_the_hinge_loss_of_the_lecture(
    weights: Any, label: float, loss: float, gradient: Any, gradient_of_margin: float
):
    W, phi = sg.parameter("W", 2), sg.input("phi", 2)
    margin = sg.let("margin", sg.let("score", W @ phi) * y)
    hinge = sg.maximum(1 - margin, 0)
    at = {W: np.array(weights), phi: np.array([2.0, -1.0]), y: label}

    by_weights, by_margin = evaluate(sg.grad(hinge, [W, margin]), at)

    assert value(hinge, at) == loss
    assert by_weights.tolist() == gradient
    assert by_margin == gradient_of_margin


def test_the_squared_loss_of_the_lecture():
    W, phi = sg.parameter("W", 2), sg.input("phi", 2)
    score = sg.let("score", W @ phi)
    residual = sg.let("residual", score - y)
    loss = residual**2
    at = {W: np.array([1.0, 2.0]), phi: np.array([2.0, -1.0]), y: 1.0}

    found = evaluate([loss, *sg.grad(loss, [W, residual, score, y, phi])], at)

    for got, expected in zip(found, [1.0, [-4.0, 2.0], -2.0, -2.0, 2.0, [-2.0, -4.0]], strict=True):
        same(got, expected)


def test_the_two_layer_network_of_the_lecture():
    phi, w = sg.input("phi", 2), sg.parameter("w", 2)
    v1, v2 = sg.parameter("v1", 2), sg.parameter("v2", 2)
    z1, z2 = sg.let("z1", v1 @ phi), sg.let("z2", v2 @ phi)
    h1, h2 = sg.let("h1", sg.sigmoid(z1)), sg.let("h2", sg.sigmoid(z2))
    score = sg.let("score", sg.stack([h1, h2]) @ w)
    residual = sg.let("residual", score - y)
    loss = residual**2
    at = {
        phi: np.array([1.0, 2.0]), w: np.array([1.0, -2.0]), y: 1.0,
        v1: np.array([0.5, -0.25]), v2: np.array([-0.5, 0.75]),
    }  # fmt: skip

    values = evaluate([z1, z2, h1, h2, score, residual, loss], at)
    gradients = evaluate(sg.grad(loss, [residual, score, h1, h2, z1, z2, w, v1, v2, y]), at)

    same(values, [0.0, 1.0, 0.5, 0.7310585786300049, -0.9621171572600098, -1.9621171572600098,
                  3.849903738814102])  # fmt: skip
    expected = [
        -3.9242343145200196, -3.9242343145200196, -3.9242343145200196, 7.848468629040039,
        -0.9810585786300049, 1.5431025901406847, [-1.9621171572600098, -2.868845160184097],
        [-0.9810585786300049, -1.9621171572600098], [1.5431025901406847, 3.0862051802813695],
        3.9242343145200196,
    ]  # fmt: skip
    for got, want in zip(gradients, expected, strict=True):
        same(got, want)
    same(evaluate([sg.grad(h1, z1), sg.grad(h2, z2)], at), [0.25, 0.19661193324148185])
    same(value(sg.grad(0.5 * residual**2, w), at), [-0.9810585786300049, -1.4344225800920485])


def test_a_shared_leaf_sums_over_its_paths():
    same(value(sg.grad(x * (x + 1), x), {x: 3.0}), 7.0)

    product = x * sg.sigmoid(x)
    labels = sg.adjoints(product).contribution
    same(value(sg.grad(product, x), {x: 3.0}), 1.0881041060151695)
    through = value(sg.grad(product, x) - labels[product, 0], {x: 3.0})
    same([value(labels[product, 0], {x: 3.0}), through], [0.9525741268224334, 0.13552997919273602])


ACTIVATIONS = [
    # x, sigmoid, tanh, relu, softplus, leaky_relu, elu: value and derivative of each
    (-2.0, [0.11920292202211756, 0.10499358540350652, -0.9640275800758169, 0.07065082485316447,
            0.0, 0.0, 0.1269280110429725, 0.11920292202211756, -0.02, 0.01,
            -0.8646647167633873, 0.1353352832366127]),
    (-0.5, [0.37754066879814546, 0.2350037122015945, -0.46211715726000974, 0.7864477329659274,
            0.0, 0.0, 0.4740769841801067, 0.37754066879814546, -0.005, 0.01,
            -0.3934693402873666, 0.6065306597126334]),
    (0.0, [0.5, 0.25, 0.0, 1.0, 0.0, 0.0, 0.6931471805599453, 0.5, 0.0, 0.01, 0.0, 1.0]),
    (0.755, [0.6802671966986484, 0.2175037377944108, 0.638122413695716, 0.5927997851391535,
             0.755, 1.0, 1.1402696216697021, 0.6802671966986484, 0.755, 1.0, 0.755, 1.0]),
    (3.0, [0.9525741268224333, 0.04517665973091213, 0.9950547536867305, 0.00986603716544019,
           3.0, 1.0, 3.048587351573742, 0.9525741268224333, 3.0, 1.0, 3.0, 1.0]),
]  # fmt: skip


@pytest.mark.parametrize(("at", "expected"), ACTIVATIONS)
def test_the_activations_of_the_lecture(at: float, expected: list[float]):
    functions = [sg.sigmoid, sg.tanh, sg.relu, sg.softplus, sg.leaky_relu, sg.elu]

    nodes = [node for f in functions for node in (f(x), sg.grad(f(x), x))]

    same(evaluate(nodes, {x: at}), expected)


KINKS = [
    (sg.relu, [0.0], [0.0]),
    (sg.abs, [0.0], [0.0]),
    (sg.step, [0.0], [0.0]),
    (sg.sign, [0.0], [0.0]),
    (lambda s: sg.maximum(0, 1 - s), [1.0], [0.0]),
    (sg.maximum, [2.0, 2.0], [0.0, 0.0]),
    (sg.minimum, [2.0, 2.0], [0.0, 0.0]),
    (lambda s: sg.maximum(s, s), [2.0], [0.0]),
    (lambda a, b: sg.max(sg.stack([a, b])), [2.0, 2.0], [1.0, 0.0]),
    (lambda a, b: sg.min(sg.stack([a, b])), [2.0, 2.0], [1.0, 0.0]),
    (sg.leaky_relu, [0.0], [0.01]),
    (sg.elu, [0.0], [1.0]),
]


@pytest.mark.parametrize(("function", "at", "expected"), KINKS)
def test_a_kink_has_the_gradient_that_is_stated(function: Any, at: Any, expected: Any):
    operands = [sg.input(f"operand{k}") for k in range(len(at))]

    gradients = sg.grad(function(*operands), operands)

    assert evaluate(gradients, dict(zip(operands, at, strict=True))) == expected


def test_the_relu_has_slope_zero_up_to_zero():
    points = [-1.0, -0.0, 0.0, 1e-300, 1.0]

    slopes = [float(value(sg.grad(sg.relu(x), x), {x: at})) for at in points]

    assert slopes == [0, 0, 0, 1, 1]


# --- Jacobians and Hessians against SymPy -------------------------------------------------------

SYMBOLS = sympy.symbols("s0:3", real=True)
NUMBERS = [0.3, -0.7, 1.2]


def by_sympy(formulas: Any) -> np.ndarray:
    rule = dict(zip(SYMBOLS, map(sympy.Rational, NUMBERS), strict=True))
    return np.array(sympy.Matrix(formulas).xreplace(rule).evalf(30).tolist(), dtype=float)


FIELDS: list[tuple[Any, Any]] = [
    (lambda v: sg.sin(v) * v[0], lambda s: [sympy.sin(e) * s[0] for e in s]),
    (lambda v: sg.softmax(v), lambda s: [sympy.exp(e) / sum(map(sympy.exp, s)) for e in s]),
    (lambda v: v / sg.sqrt(v @ v), lambda s: [e / sympy.sqrt(sum(d**2 for d in s)) for e in s]),
    (lambda v: sg.cumsum(v**3), lambda s: [sum(d**3 for d in s[: k + 1]) for k in range(3)]),
    (lambda v: sg.stack([v[2], v[0]]), lambda s: [s[2], s[0]]),
    (lambda v: sg.const([1.0, 2.0]) * 1.0 + 0 * v[:2], lambda s: [0 * s[0] + 1, 0 * s[0] + 2]),
]


@pytest.mark.parametrize(("field", "formulas"), FIELDS)
def test_a_jacobian_is_sympys(field: Any, formulas: Any):
    expected = by_sympy([[sympy.diff(f, s) for s in SYMBOLS] for f in formulas(SYMBOLS)])

    found = sg.jacobian(field(v), v)

    assert found.shape == expected.shape
    same(value(found, {v: np.array(NUMBERS)}), expected)


ENERGIES: list[tuple[Any, Any]] = [
    (lambda v: sg.prod(v), lambda s: s[0] * s[1] * s[2]),
    (lambda v: sg.logsumexp(v), lambda s: sympy.log(sum(map(sympy.exp, s)))),
    (lambda v: sg.sum(sg.tanh(v) * v[::-1]), lambda s: sum(
        sympy.tanh(a) * b for a, b in zip(s, s[::-1], strict=True))),
    (lambda v: sg.sum(v), sum),
    (lambda v: sg.det(sg.stack([v, v[::-1], v**2])), lambda s: sympy.Matrix(
        [s, s[::-1], [e**2 for e in s]]).det()),
    (lambda v: v @ sg.inv(sg.outer(v, v) + 2 * sg.eye(3)) @ v, lambda s: (
        sympy.Matrix([s]) * (sympy.Matrix(s) * sympy.Matrix([s]) + 2 * sympy.eye(3)).inv()
        * sympy.Matrix(s))[0]),
]  # fmt: skip


@pytest.mark.parametrize(("energy", "formula"), ENERGIES)
def test_a_hessian_and_its_products_are_sympys(energy: Any, formula: Any):
    expected = by_sympy(sympy.hessian(formula(SYMBOLS), SYMBOLS))
    at = {v: np.array(NUMBERS)}
    way = np.array([0.5, -1.0, 2.0])

    found = sg.hessian(energy(v), v)

    assert found.shape == (3, 3)
    same(value(found, at), expected)
    same(value(sg.hvp(energy(v), v, way), at), expected @ way)


def test_a_jacobian_by_a_matrix_has_the_axes_of_both():
    found = sg.jacobian(A @ v, A)

    expected = np.einsum("ij,k->ijk", np.eye(2), [1.0, 2.0, 3.0])
    assert found.shape == (2, 2, 3)
    same(value(found, {A: np.zeros((2, 3)), v: np.array([1.0, 2.0, 3.0])}), expected)


def test_a_jacobian_of_something_stopped_is_zero():
    found = sg.jacobian(sg.stop_gradient(v) * 2, v)

    assert found.shape == (3, 3)
    assert not value(found, {v: np.ones(3)}).any()
    assert not value(sg.hessian(sg.sum(sg.stop_gradient(v) * v), v), {v: np.ones(3)}).any()


def test_products_with_the_hessian_of_several_nodes():
    loss = sg.sum(sg.tanh(A @ v)) + v @ v
    generator = np.random.default_rng(0)
    at = {A: generator.normal(size=(2, 3)), v: generator.normal(size=3)}

    check_derivatives(loss, at, [A, v])


def test_a_product_with_a_hessian_is_zero_where_nothing_bends():
    by_x, by_y = sg.hvp(x * 2 + y * y, [x, y], [1.0, 1.0])

    assert str(by_x) == "0"
    same(value(by_y, {}), 2.0)


def test_second_derivatives_go_through_a_loop():
    X, h0, W = sg.input("X", (4, 3)), sg.input("h0", 2), sg.parameter("W", (2, 2))
    U = sg.parameter("U", (2, 3))
    states = sg.scan(lambda h, x: sg.tanh(W @ h + U @ x), h0, X).states
    generator = np.random.default_rng(1)
    at = {n: generator.normal(size=n.shape) * 0.7 for n in (X, h0, W, U)}

    check_derivatives(sg.sum(states**2), at, [W, U, h0, X])


# --- refusals -----------------------------------------------------------------------------------


def test_a_value_with_axes_needs_a_cotangent():
    with pytest.raises(sg.GradientError, match=r"A @ v has shape \(2,\) and no cotangent\. Reduce"):
        sg.grad(A @ v, v)


def test_a_cotangent_must_have_the_shape_of_the_value():
    with pytest.raises(sg.ShapeError, match=r"the cotangent has shape \(3,\), A @ v has \(2,\)"):
        sg.grad(A @ v, v, [1.0, 2.0, 3.0])


def test_a_tangent_must_have_the_shape_of_its_node():
    with pytest.raises(sg.ShapeError, match=r"the tangent of 'v' has shape \(\), the node \(3,\)"):
        sg.jvp(A @ v, v, 1.0)


@pytest.mark.parametrize("product", [sg.jvp, sg.hvp])
def test_each_node_needs_its_tangent(product: Any):
    with pytest.raises(sg.GradientError, match="2 nodes and 1 tangents; give one tangent a node"):
        product(x * y, [x, y], [1.0])


@pytest.mark.parametrize("derive", [sg.grad, sg.jacobian, sg.hessian])
def test_the_node_must_occur(derive: Any):
    with pytest.raises(sg.GradientError, match=r"'z' does not occur in x\*y\. Differentiate by a"):
        derive(x * y, z)
    with pytest.raises(sg.GradientError, match=r"w does not occur|'w' does not occur"):
        derive(x * y, sympy.Symbol("w"))


def test_only_real_nodes_are_differentiated_by():
    i = sg.input("i", kind="integer")

    with pytest.raises(sg.GradientError, match="'i' is integer; only real values have derivatives"):
        sg.grad(x * i, i)


@pytest.mark.parametrize("derive", [sg.grad, sg.jacobian, lambda e, x: sg.jvp(e, x, 1.0)])
def test_only_real_nodes_are_differentiated(derive: Any):
    with pytest.raises(sg.GradientError, match=r"x < y is boolean; only real values have"):
        derive(x < y, x)
    with pytest.raises(sg.GradientError, match=r"floor\(x\) is integer; only real values have"):
        derive(sg.floor(x), x)


def test_two_variables_of_one_name_are_refused():
    twin = sg.input("x", 2)

    with pytest.raises(sg.NameClashError, match="variable 'x': one has shape"):
        sg.grad(x + sg.sum(twin), x)


def test_what_is_no_expression_is_refused():
    with pytest.raises(sg.KindError, match="'x' is not a real number"):
        sg.grad(x * y, "x")
    with pytest.raises(sg.GradientError, match="does not occur"):
        sg.grad(x * y, 3.0)


def test_a_jacobian_is_taken_by_one_node():
    with pytest.raises(sg.GradientError, match="2 nodes at once, and their Jacobians have differ"):
        sg.jacobian(v * x, [v, x])

"""What nodes promise, also on deep chains and on graphs that are trees of 2**60 leaves."""

import contextlib
import copy
import gc
import math
import multiprocessing
import operator
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.logic.boolalg import Boolean

import symgraph as sg
from symgraph.node import Node, _table, promote, substitute
from symgraph.node_symbol import NodeSymbol
from symgraph.operators import operators
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import fill, var
from symgraph.ops.map import Map
from symgraph.walks import check_names, dag_size, reachable, topological, variables

DEPTH = 100_000
#: Deep enough that nothing may recurse or take time as the square: what many tests ask.
USUAL_DEPTH = 20_000
LEVELS = 60

x, y, w, b = (sg.input(name) for name in "xywb")
t = sympy.Symbol("t")


def a_chain(depth: int = DEPTH, start: Node = x) -> Node:
    """sin of sin of ... of x."""
    node = start
    for _ in range(depth):
        node = sg.sin(node)
    return node


def doubled(step: Callable[[Node], Node], levels: int = LEVELS) -> Node:
    """The step applied again and again: as a tree it has 2**levels leaves."""
    node = x
    for _ in range(levels):
        node = step(node)
    return node


LARGE: dict[str, Callable[[], Node]] = {
    "a chain 20 000 deep": lambda: a_chain(USUAL_DEPTH),
    "60 doublings e * e": lambda: doubled(lambda e: e * e),
    "60 doublings e + tanh(e)": lambda: doubled(lambda e: e + sg.tanh(e)),
}


@pytest.fixture(scope="module", params=LARGE, ids=list(LARGE))
def large(request: pytest.FixtureRequest) -> Node:
    return LARGE[request.param]()


# --- the table of nodes -------------------------------------------------------------------------


def test_equal_nodes_are_one_object():
    assert w * x + b is w * x + b
    assert w * x is not x * w
    assert sg.input("x") is x
    assert sg.input("x", 3) is not x
    assert sg.const([1.0, 2.0]) is sg.const(np.array([1.0, 2.0]))
    assert sg.const([1.0, 2.0]) is not sg.const([1, 2])
    assert fill(1) is not fill(1.0)
    assert fill(0.0) is not fill(-0.0)
    assert fill(math.nan) is fill(float("nan")) is fill(np.float64("nan"))
    assert fill(np.float64(0.1)) is fill(0.1)


def test_a_large_graph_built_again_is_the_same_object():
    for build in (a_chain, *LARGE.values()):
        first = build()
        assert build() is first


def test_operands_come_before_their_users():
    order = topological([w * x + b - y, x * x])

    place = {node: i for i, node in enumerate(order)}
    assert all(place[arg] < place[node] for node in order for arg in node.args)
    assert len(order) == len(set(order)) == 8


def test_nodes_die_when_nobody_holds_them():
    gc.collect()
    before = len(_table)
    start = sg.input("a short-lived name")
    node = a_chain(1000, start)
    assert len(_table) == before + 1001
    del node, start
    gc.collect()
    assert len(_table) == before


def test_a_deep_chain_dies_without_overflowing_the_stack():
    before = len(_table)
    node = a_chain(DEPTH, sg.input("another short-lived name"))
    assert len(_table) == before + DEPTH + 1
    del node
    assert len(_table) == before


def test_a_node_may_be_made_again_after_it_has_died():
    for _ in range(3):
        node = a_chain(10, sg.input("reborn"))
        assert str(node.args[0].args[0]).count("sin") == 8
        del node


def test_threads_that_intern_at_once_get_one_object():
    barrier = threading.Barrier(8)
    found: list[list[Node]] = [[] for _ in range(8)]

    def work(mine: list[Node]) -> None:
        start = sg.input("shared by threads")
        barrier.wait()
        for i in range(300):
            mine.append(sg.tanh(start * i) + sg.exp(start - i))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(len({id(mine[i]) for mine in found}) == 1 for i in range(300))


def test_threads_that_let_nodes_die_at_once_leave_nothing_behind():
    gc.collect()
    before = len(_table)

    def work() -> None:
        for i in range(300):
            node = sg.cos(sg.input("dying in threads") * i)
            assert node is sg.cos(sg.input("dying in threads") * i)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()

    assert len(_table) == before


# --- the graph is what the user wrote -----------------------------------------------------------


def edges(root: Node) -> list[tuple[str, list[str]]]:
    """Each operation with its operands, all as text."""
    return [(str(n), [str(a) for a in n.args]) for n in topological([root]) if n.args]


def test_w_x_plus_b_minus_y_keeps_the_tree_of_the_user():
    assert edges(w * x + b - y) == [
        ("w*x", ["w", "x"]),
        ("w*x + b", ["w*x", "b"]),
        ("w*x + b - y", ["w*x + b", "y"]),
    ]


def test_two_times_h_has_two_and_h_as_operands():
    h = w * x + b

    assert [str(a) for a in (2 * h).args] == ["2", "w*x + b"]
    assert (2 * h).args[1] is h
    assert (h * 2).args[0] is h


def test_x_times_x_plus_one_shares_x():
    root = x * (x + 1)

    assert root.args[0] is root.args[1].args[0] is x
    assert dag_size(root) == (4, 4)


def test_nothing_is_simplified():
    assert str(x - x) == "x - x"
    assert str(x + 0) == "x + 0"
    assert str(1 * x) == "1*x"
    assert str(sg.negative(-x)) == "-(-x)"
    assert str(y - -x) == "y - (-x)"
    assert str(y * -x) == "y*(-x)"
    assert str(y < -x) == "y < -x"
    assert str(x / x) == "x/x"
    assert str(sg.sqrt(x**2)) == "sqrt(x**2)"
    assert len((x**2).args) == 1


def test_reflected_operators_keep_the_order_of_the_operands():
    assert [str(e) for e in (1 - x, 1 / x, 2**x, 7 % x, 7 // x)] == [
        "1 - x", "1/x", "2**x", "7 % x", "7 // x",
    ]  # fmt: skip


def test_arrays_on_the_left_leave_the_operator_to_the_node():
    v = sg.input("v", 2)

    assert isinstance(np.array([1.0, 2.0]) + v, Node)
    assert (np.eye(2) @ v).shape == (2,)
    assert isinstance(np.float64(2.0) * v, Node)
    assert isinstance(np.array([1.0, 2.0]) < v, Node)
    assert (np.array([True, False]) & (v < 1)).kind == "boolean"


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_a_comparison_is_a_boolean_node_without_truth_value(compare: Callable[..., Any]):
    condition = compare(x, 1)

    assert condition.kind == "boolean"
    assert not isinstance(condition, bool)
    with pytest.raises(sg.KindError, match="no truth value while the graph is built"):
        bool(condition)


def test_equality_of_nodes_is_a_plain_answer():
    assert (x == x) is True
    assert (x == y) is False
    assert (x != y) is True
    assert (x == 1) is False
    assert x in [y, x]


def test_chained_logic_on_conditions_builds_nodes():
    inside = (x > 0) & ~(x > 1) | (y > 0)

    assert inside.kind == "boolean"
    assert str(inside) == "(x > 0) & ~(x > 1) | (y > 0)"


@pytest.mark.parametrize(
    ("kinds", "result"),
    [
        (["boolean"], "boolean"),
        (["boolean", "boolean"], "boolean"),
        (["boolean", "integer"], "integer"),
        (["integer", "integer"], "integer"),
        (["integer", "real"], "real"),
        (["boolean", "real"], "real"),
        (["real", "integer", "boolean"], "real"),
    ],
)
def test_kinds_promote_from_boolean_over_integer_to_real(kinds: list[Any], result: str):
    assert promote(*kinds) == result


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        (lambda i, c: i + i, "integer"),
        (lambda i, c: i * 2, "integer"),
        (lambda i, c: i * 2.0, "real"),
        (lambda i, c: i / i, "real"),
        (lambda i, c: i**2, "integer"),
        (lambda i, c: i**-1, "real"),
        (lambda i, c: i // 2, "integer"),
        (lambda i, c: i % 2, "integer"),
        (lambda i, c: -i, "integer"),
        (lambda i, c: abs(i), "integer"),
        (lambda i, c: c + c, "integer"),
        (lambda i, c: c & c, "boolean"),
        (lambda i, c: sg.where(c, i, 1), "integer"),
        (lambda i, c: sg.where(c, i, 0.5), "real"),
        (lambda i, c: sg.exp(i), "real"),
        (lambda i, c: sg.indicator(c), "integer"),
        (lambda i, c: sg.relu(i), "integer"),
        (lambda i, c: i < 2, "boolean"),
    ],
)
def test_the_kind_of_a_result_follows_from_its_operands(expression: Any, kind: str):
    i, c = sg.input("i", kind="integer"), sg.input("c", kind="boolean")

    assert expression(i, c).kind == kind


def test_a_node_is_not_a_number():
    for convert in (int, float, complex, operator.index, math.trunc, round, np.asarray):
        with pytest.raises(sg.KindError, match=r"is a formula, not a number\. Use sg\.evaluate"):
            convert(x)


def test_iteration_and_length_follow_the_first_axis():
    v = sg.input("v", (2, 3))

    assert [part.shape for part in v] == [(3,), (3,)]
    assert len(v) == 2
    for endless in (x, sg.input("s", ("N",))):
        with pytest.raises(sg.KindError, match="its first size must be a number"):
            iter(endless)
        with pytest.raises(sg.KindError, match="its first size must be a number"):
            len(endless)


def test_primitives_are_not_called_directly():
    with pytest.raises(sg.UnsupportedError, match="Map is not called directly"):
        Map(x)


def test_every_operator_of_a_node_is_filled_in():
    class Asked(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise AssertionError(name)

    v, c = sg.input("v", (2, 3)), sg.input("c", kind="boolean")
    for use in (
        lambda: v[0], lambda: v.T, lambda: v.sum(0), lambda: v.mean(), lambda: v.max(),
        lambda: v.min(axis=1), lambda: v.reshape(3, 2), lambda: v.reshape((6,)),
        lambda: v.transpose(), lambda: v.transpose(1, 0), lambda: v @ v.T, lambda: v**2,
        lambda: v // 2, lambda: v % 2, lambda: -v, lambda: abs(v), lambda: +v, lambda: 2**x,
        lambda: c & c, lambda: c | c, lambda: ~c, lambda: True & c, lambda: False | c,
        lambda: x.to_sympy(), lambda: [[1.0, 2.0, 3.0]] @ v.T, lambda: 3 // x, lambda: 3 % x,
    ):  # fmt: skip
        use()
    assert {"add", "getitem", "lift", "max", "min", "replay", "stack", "to_sympy"} <= set(operators)


# --- what SymPy asks of an expression, on large graphs ------------------------------------------

ITSELF = """
    doit expand simplify refine cancel factor together apart nsimplify collect ratsimp trigsimp
    radsimp powsimp normal removeO rewrite _rewrite as_dummy copy as_expr conjugate adjoint evalf n
    combsimp gammasimp separate rcall _eval_evalf _eval_simplify _eval_refine _eval_conjugate
    _eval_rewrite to_nnf _eval_adjoint __copy__ __pos__
""".split()
FALSE = """
    could_extract_minus_sign is_polynomial is_rational_function is_algebraic_expr is_meromorphic
    is_constant _eval_is_comparable is_number is_comparable is_hypergeometric
""".split()
NOTHING = """
    match matches as_coefficient extract_multiplicatively extract_additively _eval_power
    _eval_is_extended_positive_negative _eval_subs
""".split()
REFUSED = """
    diff _eval_derivative _eval_derivative_n_times integrate series limit as_leading_term nseries
    _eval_nseries as_poly as_terms as_independent _eval_derivative_matrix_lines fourier_series fps
    aseries lseries
""".split()
NOT_A_NUMBER = "__int__ __float__ __complex__ __round__ __trunc__".split()
ANSWERED: dict[str, tuple[Callable[[Node], Any], Callable[[Node], Any]]] = {
    "args_cnc": (lambda n: n.args_cnc(), lambda n: [[n], []]),
    "as_base_exp": (lambda n: n.as_base_exp(), lambda n: (n, 1)),
    "as_coeff_Add": (lambda n: n.as_coeff_Add(), lambda n: (0, n)),
    "as_coeff_Mul": (lambda n: n.as_coeff_Mul(), lambda n: (1, n)),
    "as_coeff_add": (lambda n: n.as_coeff_add(), lambda n: (0, (n,))),
    "as_coeff_mul": (lambda n: n.as_coeff_mul(), lambda n: (1, (n,))),
    "as_coefficients_dict": (lambda n: n.as_coefficients_dict(), lambda n: {n: 1}),
    "as_content_primitive": (lambda n: n.as_content_primitive(), lambda n: (1, n)),
    "as_numer_denom": (lambda n: n.as_numer_denom(), lambda n: (n, 1)),
    "as_ordered_factors": (lambda n: n.as_ordered_factors(), lambda n: [n]),
    "as_ordered_terms": (lambda n: n.as_ordered_terms(), lambda n: [n]),
    "as_powers_dict": (lambda n: n.as_powers_dict(), lambda n: {n: 1}),
    "as_real_imag": (lambda n: n.as_real_imag(), lambda n: (n, 0)),
    "primitive": (lambda n: n.primitive(), lambda n: (1, n)),
    "is_Atom": (lambda n: (n.is_Atom, x.is_Atom), lambda n: (False, True)),
    "equals": (lambda n: (n.equals(n), n.equals(y)), lambda n: (True, None)),
    "is_same": (lambda n: (n.is_same(n), n.is_same(y)), lambda n: (True, False)),
    "dummy_eq": (lambda n: (n.dummy_eq(n), n.dummy_eq(y)), lambda n: (True, False)),
    "compare": (
        lambda n: (n.compare(n), n.compare(x), x.compare(n)),
        lambda n: (0, n.compare(x), -n.compare(x)),
    ),
    "sort_key": (lambda n: n.sort_key() == n.sort_key() != x.sort_key(), lambda n: True),
    "class_key": (lambda n: n.class_key(), lambda n: (5, 0, "Map")),
    "_hashable_content": (lambda n: n._hashable_content(), lambda n: (n.serial,)),
    "assumptions0": (
        lambda n: (n.assumptions0["real"], n.assumptions0["commutative"]),
        lambda n: (True, True),
    ),
    "free_symbols": (lambda n: n.free_symbols, lambda n: {x}),
    "expr_free_symbols": (lambda n: n.expr_free_symbols, lambda n: {x}),
    "binary_symbols": (lambda n: n.binary_symbols, lambda n: set()),
    "atoms": (lambda n: (n.atoms(), n.atoms(sg.Node) == reachable([n])), lambda n: ({x}, True)),
    "has": (lambda n: (n.has(x), n.has(y), n.has(Map), n.has(t)), lambda n: (1, 0, 1, 0)),
    "has_free": (lambda n: (n.has_free(x), n.has_free(y)), lambda n: (True, False)),
    "has_xfree": (lambda n: (n.has_xfree({x}), n.has_xfree({y})), lambda n: (True, False)),
    "_has": (lambda n: (n._has(x), n._has(y)), lambda n: (True, False)),
    "find": (lambda n: n.find(lambda node: not node.args), lambda n: {x}),
    "count": (lambda n: n.count(lambda node: not node.args), lambda n: 1),
    "count_ops": (lambda n: n.count_ops(), lambda n: dag_size(n)[0] - 1),
    "args": (lambda n: all(isinstance(a, Node) for a in n.args), lambda n: True),
    "func": (lambda n: n.func(*n.args) is n, lambda n: True),
    "kind": (lambda n: n.kind, lambda n: "real"),
    "xreplace": (lambda n: n.xreplace({x: y}).xreplace({y: x}) is n, lambda n: True),
    "_xreplace": (lambda n: n._xreplace({y: x}), lambda n: (n, False)),
    "subs": (lambda n: n.subs(x, y).subs([(y, x)]).subs({x: x}) is n, lambda n: True),
    "_subs": (lambda n: n._subs(x, y)._subs(y, x) is n, lambda n: True),
    "replace": (lambda n: n.replace(x, y).free_symbols, lambda n: {y}),
    "transpose": (lambda n: n.transpose() is n, lambda n: True),
    "_repr_latex_": (lambda n: n._repr_latex_()[:14], lambda n: r"$\displaystyle"),
    "__hash__": (lambda n: hash(n) == hash(n) and n in {n} and n not in {x}, lambda n: True),
    "__eq__": (lambda n: (n == n, n == x), lambda n: (True, False)),
    "__ne__": (lambda n: (n != n, n != x), lambda n: (False, True)),
    "__getnewargs__": (lambda n: n.__getnewargs__(), lambda n: ()),
    "__format__": (lambda n: f"{n:>10}" == str(n), lambda n: True),
    "_op_priority": (lambda n: n._op_priority > sympy.Expr._op_priority, lambda n: True),
    "__sympy__": (lambda n: sympy.sympify(n), lambda n: n),
    "_argset": (lambda n: list(sympy.preorder_traversal(n)), lambda n: [n]),
}
#: Operators, names of Python's, and what has a test of its own below.
ELSEWHERE = """
    __abs__ __add__ __and__ __floordiv__ __ge__ __gt__ __invert__ __le__ __lt__ __mod__ __mul__
    __neg__ __or__ __pow__ __radd__ __rand__ __rfloordiv__ __rmod__ __rmul__ __ror__ __rpow__
    __rsub__ __rtruediv__ __sub__ __truediv__ __reduce_ex__ __repr__ __str__ __new__
    __annotations__ __doc__ __init_subclass__ __module__ __slots__ __firstlineno__
    __static_attributes__ default_assumptions _explicit_class_assumptions _prop_handler
""".split()


def test_every_override_of_sympy_is_pinned_below():
    overrides = {name for name in vars(Node) if hasattr(sympy.Expr, name) or hasattr(Boolean, name)}

    pinned = {*ITSELF, *FALSE, *NOTHING, *REFUSED, *NOT_A_NUMBER, *ANSWERED, *ELSEWHERE}
    assert overrides - pinned == set()


@pytest.mark.parametrize("name", ITSELF)
def test_returns_the_node_itself(name: str, large: Node):
    assert getattr(large, name)() is large


@pytest.mark.parametrize("name", FALSE)
def test_answers_no(name: str, large: Node):
    answer = getattr(large, name)

    assert (answer(t) if callable(answer) else answer) is False


@pytest.mark.parametrize("name", NOTHING)
def test_finds_nothing(name: str, large: Node):
    assert getattr(large, name)(t) is None


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_would_walk_a_tree(name: str, large: Node):
    with pytest.raises(sg.UnsupportedError, match=r"Use sg\.grad, sg\.jacobian or sg\.derive"):
        getattr(large, name)(t)


@pytest.mark.parametrize("name", ANSWERED)
def test_answers_from_the_node_or_the_graph(name: str, large: Node):
    ask, expected = ANSWERED[name]

    assert ask(large) == expected(large)


ASSUMPTIONS = [name for name in dir(sympy.Expr) if name.startswith("is_") and name[3].islower()]


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_assumptions_follow_from_the_kind_alone(name: str, large: Node):
    if callable(getattr(sympy.Expr, name)):
        return
    known = {"is_real": True, "is_complex": True, "is_finite": True, "is_commutative": True}
    negated = {"is_imaginary", "is_infinite"}

    answer = getattr(large, name)

    assert answer is getattr(sympy.Symbol("r", real=True), name) or name in [*FALSE, "is_symbol"]
    assert name not in known or answer is True
    assert name not in negated or answer is False


def test_integer_nodes_are_integers_to_sympy():
    assert sg.input("i", kind="integer").is_integer is True
    assert sg.input("c", kind="boolean").is_integer is True
    assert x.is_integer is None


#: What Node inherits unchanged, with arguments that let it run.
INHERITED: dict[str, tuple[Any, ...]] = {
    "as_coeff_exponent": (t,), "as_set": (), "canonical_variables": (), "coeff": (t,),
    "dir": (t, "+"), "extract_branch_factor": (), "getO": (), "getn": (), "invert": (t,),
    "leadterm": (t,), "round": (), "taylor_term": (1, t), "to_anf": (),
}  # fmt: skip


@pytest.mark.parametrize("name", INHERITED)
def test_inherited_methods_end_without_walking(name: str, large: Node):
    method = getattr(large, name, None)
    if not callable(method):
        return
    # Refusing is as good as an answer.
    with contextlib.suppress(TypeError, ValueError, AttributeError, NotImplementedError):
        method(*INHERITED[name])


def test_structural_walks_agree_with_the_graph(large: Node):
    nodes, uses = dag_size(large)

    assert len(topological([large])) == len(reachable([large])) == nodes
    assert uses == sum(len(node.args) for node in reachable([large]))
    assert variables([large]) == [x]
    assert check_names([large]) == {"x": x}


def test_variables_stand_in_the_order_of_the_formula_whatever_was_made_first():
    late, early = sg.input("made2nd"), sg.input("made1st", 3)
    shared = early * late

    assert variables([sg.sum(shared) - late]) == [early, late]
    assert variables([late - sg.sum(shared)]) == [late, early]
    assert list(check_names([late, shared])) == ["made2nd", "made1st"]
    assert list(check_names([shared, late])) == ["made1st", "made2nd"]


def test_replacing_keeps_everything_else(large: Node):
    (changed,) = substitute([large], {x: y})

    assert changed.free_symbols == {y}
    assert dag_size(changed) == dag_size(large)
    assert substitute([large], {w: b}) == [large]


def test_replacing_by_another_shape_is_an_error():
    with pytest.raises(
        sg.KindError, match=r"replacing x: it has shape \(\), the replacement \(3,\)"
    ):
        (x + 1).xreplace({x: sg.input("v", 3)})
    with pytest.raises(sg.KindError, match="the replacement float"):
        (x + 1).xreplace({x: 2.0})


def test_a_number_may_be_put_for_a_scalar():
    assert sg.evaluate((x * x + 1).subs(x, 3), {}) == 10
    assert sg.evaluate((x * x + 1).subs({x: 0.5}), {}) == 1.25


def test_the_symbol_of_a_node_may_replace_and_be_replaced():
    assert (x + 1).subs(sympy.sympify(x), sympy.sympify(y)) is y + 1
    assert (x + 1).replace(sympy.sympify(x), y) is y + 1
    assert (x + 1).has(sympy.sympify(x))


def test_func_rebuilds_on_other_operands():
    assert (w * x).func(w, y) is w * y
    assert (w * x).func(w, sympy.Symbol("y")) is w * y


def test_func_takes_no_scalar_for_an_array():
    v = sg.input("v", 3)

    with pytest.raises(sg.ShapeError, match=r"x0 is a scalar, the operand that it replaces has"):
        (v * v).func(sympy.Symbol("x0"), v)


def test_two_variables_of_one_name_clash():
    with pytest.raises(sg.NameClashError, match=r"'c2': one has shape \(\), input, another \(3,\)"):
        check_names([sg.input("c2") + sg.sum(sg.input("c2", 3))])


# --- SymPy expressions that hold nodes ----------------------------------------------------------

MIXED: dict[str, Callable[[Node], Any]] = {
    "tanh(n)": lambda n: sympy.tanh(n),
    "Max(0, 1 - n)": lambda n: sympy.Max(0, 1 - n),
    "Max(n, y)": lambda n: sympy.Max(n, y),
    "Min(n, 1)": lambda n: sympy.Min(n, 1),
    "Piecewise((n, n > 0), (0, True))": lambda n: sympy.Piecewise((n, n > 0), (0, True)),
    "exp(n) + n": lambda n: sympy.exp(n) + n,
    "2 sin(n) t": lambda n: 2 * sympy.sin(n) * t,
    "sqrt(n)": lambda n: sympy.sqrt(n),
    "Abs(n)": lambda n: sympy.Abs(n),
    "Heaviside(n)": lambda n: sympy.Heaviside(n),
    "sign(n)": lambda n: sympy.sign(n),
    "floor(n)": lambda n: sympy.floor(n),
    "Mod(n, 2)": lambda n: sympy.Mod(n, 2),
    "atan2(n, y)": lambda n: sympy.atan2(n, y),
    "erf(n)": lambda n: sympy.erf(n),
    "Add(n, 1)": lambda n: sympy.Add(n, 1),
    "Add(n, n, y)": lambda n: sympy.Add(n, n, y),
    "Mul(n, n, y)": lambda n: sympy.Mul(n, n, y),
    "Pow(n, y)": lambda n: sympy.Pow(n, y),
    "Pow(2, n)": lambda n: sympy.Pow(2, n),
    "Gt(n, 1)": lambda n: sympy.Gt(n, 1),
    "Eq(n, 1)": lambda n: sympy.Eq(n, 1),
    "And(n > 0, t > 1)": lambda n: sympy.And(n > 0, t > 1),
    "Or(n > 0, y > 0)": lambda n: sympy.Or(n > 0, y > 0),
    "Not(n > 0)": lambda n: sympy.Not(n > 0),
    "ITE(n > 0, t > 1, t < 1)": lambda n: sympy.ITE(n > 0, t > 1, t < 1),
    "Matrix([[n, 1], [2, n]]).det()": lambda n: sympy.Matrix([[n, 1], [2, n]]).det(),
    "Matrix product": lambda n: sympy.Matrix([[n, 1], [2, n]]) * sympy.Matrix([1, n]),
    "t + n": lambda n: t + n,
    "t ** n": lambda n: t**n,
    "t < n": lambda n: t < n,
    "Integer(2) + n": lambda n: sympy.Integer(2) + n,
    "pi * n": lambda n: sympy.pi * n,
    "(t + 1) * n": lambda n: (t + 1) * n,
    "expand((sin(n) + 1)**2)": lambda n: sympy.expand((sympy.sin(n) + 1) ** 2),
    "simplify(sin(n)**2 + cos(n))": lambda n: sympy.simplify(sympy.sin(n) ** 2 + sympy.cos(n)),
    "factor(sin(n) t + t)": lambda n: sympy.factor(sympy.sin(n) * t + t),
    "N(sin(n) + 1)": lambda n: sympy.N(sympy.sin(n) + 1),
    "subs(t, 2)": lambda n: (sympy.sin(n) + t).subs(t, 2),
    "subs(n, y)": lambda n: (sympy.sin(n) + t).subs(n, y),
    "xreplace({n: y})": lambda n: (sympy.sin(n) + t).xreplace({n: y}),
    "replace(sin, cos)": lambda n: (sympy.sin(n) * t).replace(sympy.sin, sympy.cos),
    "cse of a mixed expression": lambda n: sympy.cse(sympy.sin(n) + sympy.cos(sympy.sin(n)))[1][0],
    "Sum(n k, (k, 0, 3))": lambda n: sympy.Sum(sympy.sin(n) * t, (t, 0, 3)),
}


@pytest.mark.parametrize("name", MIXED)
def test_sympy_functions_of_a_large_node_come_back_as_nodes(name: str, large: Node):
    expression = MIXED[name](large)

    node = sg.let("mixed", expression)
    assert isinstance(node, Node)
    assert large in reachable([node]) or name in ("subs(n, y)", "xreplace({n: y})") or "cse" in name


@pytest.mark.parametrize("style", [str, repr, sympy.latex, sympy.pretty, sympy.srepr, sympy.pycode])
def test_sympy_prints_an_expression_with_a_large_node(style: Callable[[Any], str], large: Node):
    assert "sin" in style(sympy.sin(large) + t)


def test_sympy_asks_an_expression_with_a_large_node(large: Node):
    mixed = sympy.sin(large) * t

    assert mixed.free_symbols == {large, t}
    assert mixed.has(large)
    assert not mixed.has(y)
    assert mixed.atoms() == {large, t}
    assert sympy.count_ops(mixed) == 2
    assert len(list(sympy.preorder_traversal(mixed))) == 4
    assert len(list(sympy.postorder_traversal(mixed))) == 4
    assert mixed.match(sympy.Wild("v") * t) == {sympy.Wild("v"): sympy.sin(large)}
    assert mixed.is_commutative is True
    assert sympy.exp(large).is_positive is True
    assert sorted([t, mixed], key=sympy.default_sort_key)[0] in (t, mixed)


def test_sympy_differentiates_no_expression_by_a_node(large: Node):
    with pytest.raises(sg.UnsupportedError, match=r"Use sg\.grad"):
        sympy.diff(sympy.sin(large) * t, large)


def test_cse_of_a_node_finds_what_the_graph_shares():
    found, (rest,) = sympy.cse(doubled(lambda e: e * e, 3))

    assert [str(pair) for pair in found] == ["(x0, x*x)", "(x1, x0*x0)"]
    assert str(rest) == "x1*x1"
    assert len(sympy.cse([doubled(lambda e: e + sg.tanh(e))])[0]) == LEVELS - 1


def test_the_symbol_of_a_node_is_equal_to_the_node_alone():
    symbol = sympy.sympify(x)

    assert isinstance(symbol, NodeSymbol)
    assert symbol == x
    assert x == symbol
    assert hash(symbol) == hash(x)
    assert symbol == NodeSymbol(x)
    assert symbol != y
    assert symbol != NodeSymbol(y)
    assert symbol != sympy.Symbol("x", real=True)
    assert {x: 1}[symbol] == 1
    assert sg.let("h", symbol).args == (x,)


def test_an_expression_shows_short_nodes_and_numbers_long_ones():
    long = a_chain(1000)

    assert str(sympy.sin(x + y) * t) == "t*sin((x + y))"
    assert sympy.latex(sympy.sin(w * x) ** 2) == r"\sin^{2}{\left(\left(w \cdot x\right) \right)}"
    assert str(sympy.sin(sg.let("h", long))) == "sin(h)"
    assert str(sympy.sin(long)) == f"sin(node_{long.serial})"


def test_boolean_and_integer_nodes_keep_their_kind_inside_sympy():
    i, c = sg.input("i", kind="integer"), sg.input("c", kind="boolean")

    assert sympy.sympify(i).is_integer is True
    assert sg.let("r", sympy.Mod(i, 2)).kind == "integer"
    assert sg.let("r", sympy.Not(c)).kind == "boolean"


# --- writing ------------------------------------------------------------------------------------


def test_the_written_form_is_linear_in_the_graph():
    def lengths(build: Callable[[int], Node], sizes: tuple[int, int]) -> list[int]:
        texts = [[str(n), sympy.latex(n), sympy.pretty(n), repr(n)] for n in map(build, sizes)]
        return [len(more) - len(less) for less, more in zip(*texts, strict=True)]

    for grown in lengths(a_chain, (2000, 4000)):
        assert grown < 2000 * 25
    for step in (lambda e: e * e, lambda e: e + sg.tanh(e)):
        for grown in lengths(lambda n, step=step: doubled(step, n), (30, 60)):  # type: ignore[misc]
            assert grown < 30 * 100


def test_a_large_node_is_written(large: Node):
    nodes, _ = dag_size(large)

    for text in (str(large), repr(large), f"{large}", sympy.latex(large), sympy.pretty(large)):
        assert len(text) < 60 * nodes + 200
        assert "t1" in text or "t_{1}" in text or "t₁" in text
    assert large._repr_latex_().startswith(r"$\displaystyle ")


# --- copying ------------------------------------------------------------------------------------


def test_copies_are_the_node_itself(large: Node):
    assert copy.copy(large) is large
    assert copy.deepcopy(large) is large
    assert copy.deepcopy([large, {1: large}]) == [large, {1: large}]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_node_comes_back_as_itself(protocol: int, large: Node):
    assert pickle.loads(pickle.dumps(large, protocol)) is large


def test_a_pickled_expression_with_a_node_comes_back_equal(large: Node):
    mixed = sympy.sin(large) * t

    assert pickle.loads(pickle.dumps(mixed)) == mixed


def test_the_deepest_chain_is_written_replaced_and_pickled():
    chain = a_chain()

    assert str(chain).count("sin(") == DEPTH
    assert chain.xreplace({x: y}).free_symbols == {y}
    assert pickle.loads(pickle.dumps(chain)) is chain


def test_a_node_survives_the_way_through_another_process(large: Node):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(copy.copy, (large,)) is large
        assert pool.apply(operator.neg, (large,)) is -large
        assert pool.apply(str, (w * abs(x) + b,)) == "w*abs(x) + b"


# --- derivatives and values ---------------------------------------------------------------------


def value_of(node: Node, at: float) -> float:
    return float(evaluate_nodes([node], {x: at}, {})[node])


def test_values_and_gradients_of_large_graphs():
    # sin repeated decays as sqrt(3/n); the derivative is the product of the cosines.
    value, slope = 0.5, 1.0
    for _ in range(DEPTH):
        slope *= math.cos(value)
        value = math.sin(value)
    chain = a_chain()
    assert value_of(chain, 0.5) == pytest.approx(value, rel=1e-12)
    assert value_of(sg.grad(chain, x), 0.5) == pytest.approx(slope, rel=1e-9)

    squares = doubled(lambda e: e * e)
    at = 1 + 2.0**-60
    assert value_of(squares, at) == 1.0
    assert value_of(sg.grad(squares, x), 1.0) == 2.0**60


def test_the_gradient_of_doublings_is_as_small_as_the_graph():
    e = doubled(lambda e: e + sg.tanh(e))
    slope, value = 1.0, 1e-3
    for _ in range(LEVELS):
        slope *= 2 - math.tanh(value) ** 2
        value += math.tanh(value)

    gradient = sg.grad(e, x)

    assert dag_size(gradient)[0] < 10 * LEVELS
    assert value_of(gradient, 1e-3) == pytest.approx(slope, rel=1e-12)


def test_the_second_derivative_of_a_deep_chain_is_a_graph():
    chain = a_chain(2000)
    h = 1e-4
    central = (value_of(sg.grad(chain, x), 0.5 + h) - value_of(sg.grad(chain, x), 0.5 - h)) / (
        2 * h
    )

    assert value_of(sg.grad(sg.grad(chain, x), x), 0.5) == pytest.approx(central, rel=1e-6)


def test_local_variables_are_apart_from_inputs_of_the_same_name():
    assert var("x", (), "local") is not x

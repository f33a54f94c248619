"""Loops: values and derivatives against the same loops written out, structure, forms and errors."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.loop import Scan
from symgraph.walks import topological

T, B, N, M = 4, 2, 3, 5


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape) * 0.7


def loops_of(*nodes: Node) -> list[Scan]:
    return [node for node in topological(nodes) if isinstance(node, Scan)]


def check_same(loop: Node, written: Node, at: dict[Node, Any], wrt: Sequence[Node]) -> None:
    """Value, gradient, tangent and Hessian-vector product of two scalars, each by its own graph."""
    close(evaluate([loop], at), evaluate([written], at), 1e-12)
    close(evaluate(sg.grad(loop, list(wrt)), at), evaluate(sg.grad(written, list(wrt)), at), 1e-11)
    ways = [sg.input(f"way {k}", x.shape) for k, x in enumerate(wrt)]
    along = {**at, **{w: numbers(*np.shape(at[x]), seed=9) for w, x in zip(ways, wrt, strict=True)}}
    tangents = [sg.jvp(node, list(wrt), ways) for node in (loop, written)]
    close(*([one] for one in evaluate(tangents, along)), 1e-11)
    products = [evaluate(sg.hvp(node, list(wrt), ways), along) for node in (loop, written)]
    close(*products, 1e-10)


def close(got: Sequence[Any], want: Sequence[Any], tolerance: float) -> None:
    for a, b in zip(got, want, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


class Net:
    """The variables of a small recurrent net and arrays for them."""

    def __init__(self, length: Any = "T") -> None:
        self.X = sg.input("X", (length, "B", N))
        self.h0, self.c0 = sg.input("h0", ("B", M)), sg.input("c0", ("B", M))
        self.W, self.U = sg.parameter("W", (N, M)), sg.parameter("U", (M, M))
        self.V, self.b = sg.parameter("V", (M, 2)), sg.parameter("b", M)
        self.at: dict[Node, Any] = {
            self.X: numbers(T, B, N),
            **{x: numbers(B, M, seed=k) for k, x in enumerate((self.h0, self.c0))},
            **{x: numbers(*x.shape) for x in (self.W, self.U, self.V, self.b)},
        }
        self.weights = [self.W, self.U, self.b]

    def cell(self, h: Any, x: Any) -> Any:
        return sg.tanh(x @ self.W + h @ self.U + self.b)


# --- values and derivatives -----------------------------------------------------------------------


def test_a_recurrent_net_computes_what_numpy_computes() -> None:
    net = Net()
    run = sg.scan(net.cell, net.h0, net.X)
    h, states = net.at[net.h0], []
    for x in net.at[net.X]:
        h = np.tanh(x @ net.at[net.W] + h @ net.at[net.U] + net.at[net.b])
        states.append(h)

    close([value(run.final, net.at)], [h], 1e-14)
    close([value(run.states, net.at)], [np.stack(states)], 1e-14)
    close([value(run.before, net.at)], [np.stack([net.at[net.h0], *states[:-1]])], 1e-14)


def test_derivatives_of_a_loop_agree_with_differences() -> None:
    net = Net()
    run = sg.scan(net.cell, net.h0, net.X)
    loss = sg.sum(run.final**2) + sg.sum(sg.sin(run.states)) + sg.sum(run.before * run.states)

    check_derivatives(loss, net.at, [net.X, net.h0, *net.weights])


def test_several_states_agree_with_the_loop_written_out() -> None:
    net = Net(T)

    def step(h: Any, c: Any, x: Any) -> Any:
        gate = sg.sigmoid(x @ net.W + h @ net.U)
        c = gate * c + (1 - gate) * sg.tanh(x @ net.W - net.b)
        return gate * sg.tanh(c), c

    run = sg.scan(step, (net.h0, net.c0), net.X)
    h, c = net.h0, net.c0
    for t in range(T):
        h, c = step(h, c, net.X[t])

    check_same(
        sg.sum(run.final[0] ** 2) + sg.sum(sg.sin(run.final[1])),
        sg.sum(h**2) + sg.sum(sg.sin(c)),
        net.at,
        [net.X, net.h0, net.c0, *net.weights],
    )


def test_a_reversed_loop_reads_from_the_end_and_keeps_the_order_of_time() -> None:
    net = Net(T)
    run = sg.scan(net.cell, net.h0, net.X, reverse=True)
    h, states = net.h0, {}
    for t in reversed(range(T)):
        h = states[t] = net.cell(h, net.X[t])
    written = sg.stack([states[t] for t in range(T)])

    close([value(run.states, net.at)], [value(written, net.at)], 1e-14)
    check_same(
        sg.sum(run.final**2) + sg.sum(run.states * sg.cos(run.states)),
        sg.sum(h**2) + sg.sum(written * sg.cos(written)),
        net.at,
        [net.X, net.h0, *net.weights],
    )


def test_a_reversed_loop_is_a_loop_over_the_reversed_sequence() -> None:
    net = Net()
    run = sg.scan(net.cell, net.h0, net.X, reverse=True)
    flipped = sg.scan(net.cell, net.h0, sg.flip(net.X, 0))

    close([value(run.final, net.at)], [value(flipped.final, net.at)], 1e-15)


def test_loops_inside_of_loops_agree_with_both_written_out() -> None:
    net = Net(T)
    K = 3
    inner_inputs = sg.input("Z", (K, B, M))
    net.at[inner_inputs] = numbers(K, B, M)
    X, h0 = sg.input("X", (T, B, N)), sg.input("h0", (B, M))
    net.at |= {X: net.at[net.X], h0: net.at[net.h0]}

    def small(s: Any, z: Any, h: Any, x: Any) -> Any:
        return sg.tanh(s @ net.U + z * h + x @ net.W)

    def step(h: Any, x: Any) -> Any:
        run = sg.scan(lambda s, z: small(s, z, h, x), h, inner_inputs)
        return run.final, (sg.sum(run.states**2, axis=0), run.before[1])

    outer = sg.scan(step, h0, X)
    h, outputs = h0, []
    for t in range(T):
        s, states = h, [h]
        for k in range(K):
            s = small(s, inner_inputs[k], h, X[t])
            states.append(s)
        outputs.append((states[1] ** 2 + states[2] ** 2 + states[3] ** 2, states[1]))
        h = s
    squares, second = (sg.stack([pair[k] for pair in outputs]) for k in (0, 1))

    close([value(outer.outputs[0], net.at)], [value(squares, net.at)], 1e-13)
    check_same(
        sg.sum(outer.final) + sg.sum(outer.outputs[0] * sg.sin(outer.outputs[1])),
        sg.sum(h) + sg.sum(squares * sg.sin(second)),
        net.at,
        [X, h0, inner_inputs, net.W, net.U],
    )


def test_a_loop_over_the_states_of_a_loop_agrees_with_the_grid_written_out() -> None:
    net = Net(T)
    below = sg.scan(net.cell, net.h0, net.X)
    above = sg.scan(lambda s, h: sg.tanh(h @ net.U + s), net.c0, below.states, reverse=True)
    h, states, s = net.h0, [], net.c0
    for t in range(T):
        h = net.cell(h, net.X[t])
        states.append(h)
    for one in reversed(states):
        s = sg.tanh(one @ net.U + s)

    check_same(sg.sum(above.final**2), sg.sum(s**2), net.at, [net.X, net.h0, net.c0, *net.weights])


@pytest.mark.parametrize("seed", range(40))
def test_random_steps_agree_with_their_loop_written_out(seed: int) -> None:
    at = {node: numbers(*node.shape, seed=k) for k, node in enumerate(RandomStep.variables())}
    loop, written = (RandomStep(seed).loss(kind) for kind in ("loop", "written"))
    wrt = [node for node in at if loop.has(node) and written.has(node)]

    check_same(loop, written, at, wrt)


class RandomStep:
    """A step of random operations, some of them loops of their own, as a loop and written out."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        (
            self._X, self._Y, self._A, self._C, self._v, self._S, self._a0, self._b0
        ) = self.variables()  # fmt: skip

    @staticmethod
    def variables() -> list[Node]:
        shapes = {"X": (3, B, N), "Y": (3, B, N), "A": (N, N), "C": (N, N), "v": (N,),
                  "S": (2, B, N), "a0": (B, N), "b0": (B, N)}  # fmt: skip
        return [sg.input(name, shape) for name, shape in shapes.items()]

    def loss(self, kind: str) -> Node:
        dice = random.Random(self._seed)
        operations = [self._operation(dice, deep=True) for _ in range(dice.randint(2, 6))]
        picks = [dice.random() for _ in range(4)]

        def step(a: Node, b: Node, x: Node, y: Node) -> Any:
            pool = self._pool(operations, [a, b, x, y], kind)
            first, second, third, fourth = (pool[-1 - int(p * min(5, len(pool)))] for p in picks)
            return (sg.tanh(first), second * 0.5), (third * fourth, fourth)

        reverse = self._seed % 3 == 0
        final, outputs, before = self._repeat(
            step, (self._a0, self._b0), [self._X, self._Y], kind, reverse
        )
        parts = [
            sg.sum(sg.sin(final[0])), sg.sum(final[1] ** 2), sg.sum(sg.sin(outputs[0])),
            sg.sum(outputs[1] * sg.cos(self._X)), sg.sum(before[0] ** 2 * self._Y),
        ]  # fmt: skip
        chosen = dice.sample(parts, dice.randint(1, 3))
        return sum(chosen[1:], start=chosen[0])

    def _repeat(
        self, step: Any, starts: tuple[Node, Node], sequences: list[Node], kind: str, reverse: bool
    ) -> Any:
        if kind == "loop":
            run = sg.scan(step, starts, tuple(sequences), reverse=reverse)
            return run.final, run.outputs, run.before
        states, rows = starts, {}
        times = range(int(sequences[0].shape[0]))
        for t in reversed(times) if reverse else times:
            before = states
            states, outputs = step(*states, *(x[t] for x in sequences))
            rows[t] = (*outputs, *before)
        stacks = [sg.stack([rows[t][k] for t in times]) for k in range(4)]
        return states, stacks[:2], stacks[2:]

    def _operation(self, dice: random.Random, deep: bool) -> Any:
        name = dice.choice(list(self.OPERATIONS) + ["nested", "nested"] * deep)
        inner = [self._operation(dice, deep=False) for _ in range(3)] if name == "nested" else None
        return name, dice.random(), dice.random(), inner

    def _pool(self, operations: Any, start: list[Node], kind: str) -> list[Node]:
        pool = list(start)
        for name, u, v, inner in operations:
            a, b = pool[int(u * len(pool))], pool[int(v * len(pool))]
            if name == "nested":
                pool += self._nested(inner, a, b, pool[0], kind)
            else:
                matrix = self._A if v < 0.5 else self._C
                pool.append(self.OPERATIONS[name](a, b, matrix, self._v))
        return pool

    def _nested(self, operations: Any, a: Node, b: Node, outer: Node, kind: str) -> list[Node]:
        def step(p: Node, q: Node, s: Node) -> Any:
            pool = self._pool(operations, [outer, p, q, s], kind)
            return (sg.tanh(pool[-1]), pool[-2] * 0.5), (pool[-3], pool[-1])

        final, outputs, before = self._repeat(step, (a, b), [self._S], kind, False)
        return [final[0] + final[1], sg.sum(outputs[1], axis=0) + sg.sum(before[0], axis=0)]

    OPERATIONS: ClassVar[dict[str, Callable[[Node, Node, Node, Node], Node]]] = {
        "add": lambda a, b, m, v: a + b * 0.5,
        "multiply": lambda a, b, m, v: a * b,
        "tanh": lambda a, b, m, v: sg.tanh(a),
        "sigmoid": lambda a, b, m, v: sg.sigmoid(a + b),
        "product": lambda a, b, m, v: a @ m,
        "bias": lambda a, b, m, v: a + v,
        "where": lambda a, b, m, v: sg.where(a > b, a * b, b),
        "softmax": lambda a, b, m, v: a - sg.logsumexp(a, axis=-1, keepdims=True),
        "prod": lambda a, b, m, v: b * sg.prod(a, axis=-1, keepdims=True),
        "maximum": lambda a, b, m, v: a - sg.max(b, axis=0, keepdims=True),
        "stopped": lambda a, b, m, v: a + sg.stop_gradient(b) * a,
        "named": lambda a, b, m, v: sg.let("name", a * b),
        "transposed": lambda a, b, m, v: (a.T + b.T).T,
        "joined": lambda a, b, m, v: sg.concat([a[:, 1:], b[:, :1]], axis=1),
        "solved": lambda a, b, m, v: sg.solve(m @ m.T + 2 * sg.eye(N), a.T).T,
    }


def test_operations_without_a_form_over_all_steps_are_recorded_inside() -> None:
    keys = sg.input("keys", 3, kind="integer")
    run = sg.scan(lambda s, k: (s + sg.normal(k, 4), sg.uniform(k, 2)), np.zeros(4), keys)
    found = evaluate([run.final, run.outputs], {keys: [5, 6, 7]})

    want = sum(sg.random.normal(k, 0, 4) for k in (5, 6, 7))
    close(found, [want, np.stack([sg.random.uniform(k, 0, 2) for k in (5, 6, 7)])], 1e-14)


def test_gradients_flow_through_random_values_drawn_at_each_step() -> None:
    keys, x = sg.input("keys", "T", kind="integer"), sg.input("x", ("T", 4))
    w = sg.parameter("w", 4)
    run = sg.scan(
        lambda s, k, x: (sg.tanh(s + w * x * sg.uniform(k, 4)), x * sg.normal(k, 4) * s * w),
        sg.zeros(4),
        (keys, x),
    )
    at = {keys: [1, 2, 3], x: numbers(3, 4), w: numbers(4)}

    check_derivatives(sg.sum(run.final) + sg.sum(run.outputs**2), at, [x, w])


def test_a_step_may_follow_a_gradient_even_by_a_name_used_outside() -> None:
    w, a, rate = sg.parameter("w", 3), sg.input("a", 3), sg.input("rate")

    def step(w: Node) -> Node:  # hides the parameter, which starts the loop and weighs the loss
        return w - rate * sg.grad(sg.sum((w - a) ** 4) + sg.sum(w * outer_w), w)

    outer_w = w
    at = {w: numbers(3), a: numbers(3) + 0.1, rate: 0.05}
    x = at[w]
    for _ in range(3):
        x = x - 0.05 * (4 * (x - at[a]) ** 3 + at[w])
    run = sg.scan(step, w, length=3)

    close([value(run.final, at)], [x], 1e-14)
    check_derivatives(run.final, at, [a, rate, w])


# --- structure ------------------------------------------------------------------------------------


def test_weight_gradients_are_one_product_outside_of_the_loop() -> None:
    net = Net()
    run = sg.scan(net.cell, net.h0, net.X)
    loss = sg.sum(run.final**2) + sg.sum(sg.sin(run.states @ net.V))
    gradients = sg.grad(loss, [net.W, net.U, net.b, net.V])

    assert [type(node) for node in gradients] == [Einsum] * 4
    for node, operands in zip(gradients, (2, 2, 1, 2), strict=True):
        assert len(node.args) == operands
        assert all("T" in map(str, arg.shape[:1]) for arg in node.args if arg.ndim)
    forward, backward = loops_of(*gradients)
    assert [state.shape for state in forward.body.states] == [net.h0.shape]
    assert [state.shape for state in backward.body.states] == [net.h0.shape]
    assert [place.params[0] for place in backward.body.constants] == ["U"]


def test_the_output_layer_is_one_product_after_the_loop() -> None:
    net = Net()
    run = sg.scan(lambda h, x: (net.cell(h, x), net.cell(h, x) @ net.V), net.h0, net.X)

    assert isinstance(run.outputs, Einsum)
    assert run.outputs.args == (run.states, net.V)
    assert not any(net.V in loop.args for loop in loops_of(run.outputs))


def test_second_derivatives_need_four_loops_none_of_which_carries_a_state_twice() -> None:
    net = Net()
    loss = sg.sum(sg.scan(net.cell, net.h0, net.X).final ** 2)
    products = sg.hvp(loss, net.weights, net.weights)

    assert [len(loop.body.states) for loop in loops_of(*products)] == [1, 1, 1, 1]


def test_the_reverse_loop_leaves_out_what_leads_nowhere() -> None:
    net = Net()

    def step(h: Any, seen: Any, count: Any, x: Any) -> Any:
        return net.cell(h, x), seen + sg.sum(x), count + 1

    run = sg.scan(step, (net.h0, sg.const(0.0), 0), net.X)
    (_, backward) = loops_of(sg.grad(sg.sum(run.final[0]), net.W))
    seen = sg.grad(run.final[1], net.X)

    assert [place.params[0] for place in backward.body.states] == ["δh"]
    close([value(seen, net.at)], [np.ones((T, B, N))], 0)
    assert value(run.final[2], net.at) == T


def test_the_reverse_loop_carries_only_states_that_matter_and_lead_somewhere() -> None:
    net = Net()
    zero = sg.zeros(("B", N))
    run = sg.scan(lambda h, s, x: (net.cell(h, x), sg.tanh(s + x)), (net.h0, zero), net.X)

    def carried(loss: Node, wrt: Node) -> list[str]:
        (_, backward) = loops_of(sg.grad(loss, wrt))
        return [place.params[0] for place in backward.body.states]

    h, s = (sg.sum(one) for one in run.final)
    assert carried(h * s, net.X) == ["δh", "δs"]
    assert carried(h * s, net.W) == ["δh"]  # s does not depend on W
    assert carried(h, net.X) == ["δh"]  # the loss does not depend on s


def test_a_value_of_an_inner_loop_is_recorded_not_computed_again() -> None:
    net = Net()

    def step(h: Any, x: Any) -> Any:
        run = sg.scan(lambda s: sg.tanh(s @ net.U + x @ net.W), h, length=2)
        return run.final, sg.sum(run.states, axis=0)

    outer = sg.scan(step, net.h0, net.X)
    assert len(loops_of(outer.outputs)) == 1
    gradient = sg.grad(sg.sum(outer.outputs**2), net.U)
    assert len(loops_of(gradient)) == 2


def test_an_inner_loop_that_only_the_output_needs_runs_once_for_all_steps() -> None:
    net = Net(T)

    def inner(p: Any, q: Any) -> Any:
        return sg.tanh(p @ net.U), q * net.b  # q is the same for every outer step

    def step(h: Any, x: Any) -> Any:
        run = sg.scan(inner, (h, sg.ones(M)), length=2)
        return net.cell(h, x), run.final[0] * run.final[1] + run.states[0][0] * run.states[1][0]

    outer = sg.scan(step, net.h0, net.X)
    h, rows = net.h0, []
    for t in range(T):
        p, q = inner(h, sg.ones(M))
        rows.append(inner(p, q)[0] * inner(p, q)[1] + p * q)
        h = net.cell(h, net.X[t])

    assert len(loops_of(outer.outputs)) == 2
    check_same(
        sg.sum(sg.sin(outer.outputs)), sg.sum(sg.sin(sg.stack(rows))), net.at,
        [net.X, net.h0, *net.weights],
    )  # fmt: skip


def test_operations_on_operands_that_do_not_change_stay_as_they_are() -> None:
    net = Net(T)
    matrix = net.U @ net.U.T + 2 * sg.eye(M)

    def step(h: Any, x: Any) -> Any:
        return net.cell(h, x), sg.solve(matrix, h.T)

    run = sg.scan(step, net.h0, net.X)
    h, rows = net.h0, []
    for t in range(T):
        rows.append(sg.solve(matrix, h.T))
        h = net.cell(h, net.X[t])

    check_same(
        sg.sum(run.outputs**2), sg.sum(sg.stack(rows) ** 2), net.at, [net.X, net.h0, *net.weights]
    )


def test_a_forward_derivative_by_one_weight_moves_only_what_depends_on_it() -> None:
    net = Net()
    run = sg.scan(
        lambda h, s, x: (net.cell(h, x), s + x @ net.W), (net.h0, sg.zeros(("B", M))), net.X
    )
    way = sg.input("way", ("B", M))
    tangent = sg.jvp(sg.sum(run.final[0]) + sg.sum(run.final[1]), net.h0, way)
    moving = [place.params[0] for loop in loops_of(tangent) for place in loop.body.states]

    assert moving == ["h", "s", "dh"]


def test_equal_loops_are_one_node() -> None:
    net = Net()

    assert sg.scan(net.cell, net.h0, net.X).final is sg.scan(net.cell, net.h0, net.X).final


def test_a_loop_is_rebuilt_from_its_flat_program() -> None:
    net = Net()
    gradient = sg.grad(sg.sum(sg.scan(net.cell, net.h0, net.X).final), net.W)
    make, arguments = gradient.__reduce_ex__(4)

    assert make(*arguments) is gradient


def test_the_written_form_shows_the_recurrence() -> None:
    x, w = sg.input("X", "T"), sg.parameter("w")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), sg.input("h0"), x)

    assert str(run.final) == "final(scan(h <- tanh(w*h + x), h=h0, x=X, w), h)"
    assert r"h \leftarrow \tanh\left(w" in run.final._repr_latex_()


# --- forms of states, sequences and results -------------------------------------------------------


def test_the_influence_of_the_first_input_fades_as_in_the_lecture() -> None:
    x = sg.input("x", "T")
    h = sg.scan(lambda h, x: sg.tanh(0.8 * h + x), 0.0, x).final
    slope = sg.grad(h, x)
    want = {1: 0.9151369618266292, 10: 0.10656343736772664, 50: 1.4129753362306537e-05,
            100: 2.0166657883976709e-10}  # fmt: skip
    for length, influence in want.items():
        found = value(slope, {x: np.array([0.3] + [0.0] * (length - 1))})
        np.testing.assert_allclose(found[0], influence, rtol=1e-10)


def test_a_loop_without_steps_returns_its_start_and_empty_traces() -> None:
    net = Net()
    run = sg.scan(lambda h, x: (net.cell(h, x), h[:, 0] > 0), net.h0, net.X)
    loss = sg.sum(run.final**2) + sg.sum(run.states)
    at = {**net.at, net.X: np.zeros((0, B, N))}
    dh, dw, db, dx = evaluate(sg.grad(loss, [net.h0, net.W, net.b, net.X]), at)

    assert value(run.final, at).tolist() == at[net.h0].tolist()
    assert value(run.outputs, at).shape == (0, B)
    assert value(run.outputs, at).dtype == bool
    assert value(run.before, at).shape == (0, B, M)
    np.testing.assert_array_equal(dh, 2 * at[net.h0])
    assert not dw.any()
    assert not db.any()
    assert dx.shape == (0, B, N)


def test_a_loop_of_literally_no_steps_is_a_loop_too() -> None:
    run = sg.scan(lambda h: 2 * h, 3, length=0)

    assert value(run.final, {}) == 3
    assert value(run.states, {}).shape == (0,)


def test_a_loop_may_have_a_length_and_no_sequences() -> None:
    run = sg.scan(lambda a, b: (b, a + b), (0, 1), length=10)
    w = sg.input("w")
    grown = sg.scan(lambda y: w * y, 1.0, length="T").final

    assert value(run.final[0], {}) == 55
    assert run.final[0].kind == "integer"
    assert value(run.states[0], {}).tolist() == [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]
    np.testing.assert_allclose(value(grown, {w: 1.01}, T=999), 20751.639245496, rtol=1e-10)
    np.testing.assert_allclose(value(sg.grad(grown, w), {w: 1.01}, T=999), 20525631.293, rtol=1e-8)


def test_states_sequences_and_outputs_may_be_dicts_and_nested() -> None:
    x, y = sg.input("x", "T"), sg.input("y", "T")

    def step(y: Any, memory: Any, x: Any) -> Any:
        fast, slow = memory["fast"], memory["pair"][0]
        new = {"pair": (slow + y, memory["pair"][1]), "fast": fast * x}
        return {"memory": new}, {"sum": fast + slow, "rest": (x, (y,))}

    starts = {"memory": {"fast": 1.0, "pair": (0.0, 5)}}
    run = sg.scan(step, starts, {"x": x, "y": y})
    at = {x: np.array([2.0, 3.0]), y: np.array([1.0, 10.0])}

    assert list(run.final["memory"]) == ["fast", "pair"]
    assert value(run.final["memory"]["fast"], at) == 6
    assert [value(one, at) for one in run.final["memory"]["pair"]] == [11, 5]
    assert value(run.outputs["sum"], at).tolist() == [1, 3]
    assert run.outputs["rest"][0] is x
    assert run.outputs["rest"][1] == (y,)
    assert repr(run).startswith("ScanResult(final={memory: {fast: (), pair: ((), ())}}, states=")


def test_a_loop_without_states_is_one_operation_over_all_steps() -> None:
    x, w = sg.input("x", ("T", 2)), sg.parameter("w", (2, 3))
    run = sg.scan(lambda x: ((), sg.tanh(x @ w)), (), x)

    assert run.final == ()
    assert run.outputs is sg.tanh(x @ w)
    assert sg.scan(lambda x: ((), sg.tanh(x @ w)), None, x).outputs is run.outputs


def test_a_step_may_have_defaults_and_take_any_number_of_values() -> None:
    x = sg.input("x", 3)
    at = {x: np.array([1.0, 2, 4])}

    assert value(sg.scan(lambda s, x, k=2: s + k * x, 0.0, x).final, at) == 14
    assert value(sg.scan(lambda *v: v[0] * 2 + v[1], 0.0, x).final, at) == 12
    assert value(sg.scan(sg.add, 0.0, x).final, at) == 7


def test_a_number_that_starts_a_real_state_becomes_real() -> None:
    x = sg.input("x", "T")
    run = sg.scan(lambda s, n, x: (s + x, n + 1), (0, 0), x)
    array = sg.scan(lambda s, x: s * x, np.array([1, 2]), x)

    assert [node.kind for node in run.final] == ["real", "integer"]
    assert array.final.kind == "real"
    np.testing.assert_allclose(value(sg.grad(run.final[0], x), {x: np.ones(3)}), 1)


def test_integer_and_boolean_entries_are_read_as_such() -> None:
    ids = sg.input("ids", ("T", "B"), kind="integer")
    table, go = sg.parameter("E", (6, 2)), sg.input("go", "T", kind="boolean")
    run = sg.scan(
        lambda s, i, g: (sg.where(g, sg.tanh(s + sg.take(table, i)), s), s > 0),
        sg.zeros(("B", 2)),
        (ids, go),
    )
    at = {ids: [[1, 5], [1, 0], [3, 3]], go: [True, False, True], table: numbers(6, 2)}
    e = at[table]
    want = np.tanh(np.tanh(e[[1, 5]]) + e[[3, 3]])

    close([value(run.final, at)], [want], 1e-15)
    assert run.outputs.kind == "boolean"
    assert value(run.outputs, at).dtype == bool
    check_derivatives(run.final, at, [table])


def test_a_mask_keeps_the_states_of_finished_cases() -> None:
    net = Net(T)
    lengths = [2, 4]
    mask = sg.input("mask", (T, "B"), kind="integer")
    net.at[mask] = np.arange(T)[:, None] < lengths
    run = sg.scan(lambda h, x: (net.cell(h, x), net.cell(h, x) @ net.V), net.h0, net.X, mask=mask)
    h = net.h0
    for t in range(T):
        h = sg.where(mask[t][:, None] > 0, net.cell(h, net.X[t]), h)
    (one,) = evaluate([sg.scan(net.cell, net.h0[:1], net.X[:2, :1]).final], net.at)

    close([value(run.final, net.at)[:1]], [one], 1e-14)
    np.testing.assert_array_equal(*value(run.outputs, net.at)[2:, 0])
    close([value(run.outputs, net.at)[-1]], [value(run.final @ net.V, net.at)], 1e-14)
    check_same(sg.sum(run.final**2), sg.sum(h**2), net.at, [net.X, net.h0, *net.weights])


@pytest.mark.parametrize("kind", ["boolean", "integer", "real"])
def test_a_mask_over_time_alone_may_be_of_any_kind(kind: str) -> None:
    x, mask = sg.input("x", "T"), sg.input("mask", "T", kind=kind)
    run = sg.scan(lambda s, x: s + x, 0.0, x, mask=mask, reverse=True)
    at = {x: np.array([1.0, 2, 4, 8]), mask: np.array([1, 0, 1, 0]) == 1}

    assert value(run.final, at) == 5
    assert value(run.states, at).tolist() == [5, 4, 4, 0]


def test_an_outer_formula_is_an_operand_as_a_whole() -> None:
    net = Net()
    doubled = 2 * net.U
    run = sg.scan(lambda h, x: sg.tanh(x @ net.W + h @ doubled + sg.exp(net.b)), net.h0, net.X)
    (loop,) = loops_of(run.final)

    assert loop.args == (net.h0, net.X, net.W, doubled, sg.exp(net.b))


def test_a_literal_is_part_of_the_step() -> None:
    x = sg.input("x", ("T", 2))
    run = sg.scan(lambda h, x: 1 - h * x + np.array([1.0, 2.0]), sg.zeros(2), x)

    assert loops_of(run.final)[0].args == (sg.zeros(2), x)


def test_operands_of_one_name_are_told_apart_inside_of_the_step() -> None:
    x = sg.input("x", "T")
    run = sg.scan(lambda x, s: s * x + sg.input("x"), 1.0, x)  # an outer scalar of the same name

    assert [place.params[0] for place in loops_of(run.final)[0].body.locals] == ["x", "s", "x_2"]


def test_names_inside_of_a_step_survive() -> None:
    net = Net()
    run = sg.scan(lambda h, x: sg.tanh(sg.let("net", x @ net.W + h @ net.U)), net.h0, net.X)

    assert "tanh(net)" in str(run.final)


# --- shift ----------------------------------------------------------------------------------------


def test_shift_reads_earlier_and_later_entries() -> None:
    x = sg.input("x", ("T", 2))
    first = sg.input("first", 2)
    at = {x: np.arange(1.0, 7).reshape(3, 2), first: np.array([-1.0, -2])}

    assert value(sg.shift(x), at).tolist() == [[0, 0], [1, 2], [3, 4]]
    assert value(sg.shift(x, -1), at).tolist() == [[3, 4], [5, 6], [0, 0]]
    assert value(sg.shift(x, 1, initial=first), at).tolist() == [[-1, -2], [1, 2], [3, 4]]
    assert value(sg.shift(x, -1, initial=first), at).tolist() == [[3, 4], [5, 6], [-1, -2]]
    assert value(sg.shift(x, 1, axis=1), at).tolist() == [[0, 1], [0, 3], [0, 5]]
    assert value(sg.shift(x, 5), at).tolist() == [[0, 0]] * 3
    assert value(sg.shift(x, 1, initial=first), {**at, x: np.zeros((0, 2))}).shape == (0, 2)
    check_derivatives(sg.shift(x**2, 1, initial=first * first), at, [x, first])


def test_several_steps_of_shift_take_several_initial_entries() -> None:
    x, two = sg.input("x", 4), sg.input("two", 2)
    at = {x: np.arange(1.0, 5), two: np.array([8.0, 9])}

    assert value(sg.shift(x, 2, initial=two), at).tolist() == [8, 9, 1, 2]
    assert value(sg.shift(x, -2, initial=two), at).tolist() == [3, 4, 8, 9]
    with pytest.raises(sg.ShapeError, match=r"initial has shape \(2,\), 3 steps along axis 0"):
        sg.shift(x, 3, initial=two)
    with pytest.raises(sg.KindError, match="steps must be a whole number"):
        sg.shift(x, 0.5)  # type: ignore[arg-type]  # the mistake under test


def test_a_loop_may_read_a_shifted_sequence() -> None:
    x = sg.input("x", 5)
    run = sg.scan(lambda s, now, earlier: s + now * earlier, 0.0, (x, sg.shift(x, 1)))

    assert value(run.final, {x: np.arange(1.0, 6)}) == 1 * 2 + 2 * 3 + 3 * 4 + 4 * 5


# --- equations ------------------------------------------------------------------------------------


def test_equations_are_put_in_order() -> None:
    net = Net()
    run = sg.recurrence(
        {
            "o": lambda now, before: now.s @ net.V + before["s"] @ net.V,
            "s": lambda now, before: sg.tanh(now.net),
            "net": lambda now, before: now["x"] @ net.W + before.s @ net.U,
        },
        states={"s": net.h0},
        sequences={"x": net.X},
    )
    plain = sg.scan(lambda h, x: sg.tanh(x @ net.W + h @ net.U), net.h0, net.X)

    close([value(run.final["s"], net.at)], [value(plain.final, net.at)], 1e-15)
    want = value(plain.states @ net.V + plain.before @ net.V, net.at)
    close([value(run.outputs["o"], net.at)], [want], 1e-14)
    assert list(run.outputs) == ["o", "s", "net"]


def test_a_circle_without_a_delay_is_refused_with_its_names() -> None:
    equations = {
        "x": lambda now, before: 2 * now.h,
        "h": lambda now, before: now.y + 1,
        "y": lambda now, before: now.x + before.x,
    }
    with pytest.raises(sg.CycleError, match=r"x -> h -> y -> x: .* Read .* earlier: before\.x"):
        sg.recurrence(equations, states={"x": 0.0}, length=3)


def test_equations_with_unknown_or_double_names_are_refused() -> None:
    def same(now: Any, before: Any) -> Any:
        return before.s + now.q

    with pytest.raises(sg.UnknownNameError, match=r"now\.q is unknown: it is neither a sequence"):
        sg.recurrence({"s": same}, states={"s": 0.0}, length=2)
    with pytest.raises(sg.UnknownNameError, match=r"before\.s is unknown: it has no start value"):
        sg.recurrence({"s": same}, states={}, length=2)
    with pytest.raises(sg.UnknownNameError, match="'r' has a start value and no equation"):
        sg.recurrence({"s": same}, states={"r": 0.0}, length=2)
    with pytest.raises(sg.NameClashError, match="'s' is an equation and a sequence"):
        sg.recurrence({"s": same}, states={}, sequences={"s": sg.input("x", 3)})


# --- errors ---------------------------------------------------------------------------------------


def test_sequences_of_different_length_are_refused_by_name() -> None:
    a, b = sg.input("a", 3), sg.input("b", 4)
    with pytest.raises(
        sg.ShapeError, match=r"the length of 'x' = 3 and the length of 'y' = 4\. Give"
    ):
        sg.scan(lambda s, x, y: s, 0.0, (a, b))
    with pytest.raises(sg.ShapeError, match="length= 5 and the length of 'x' = 3"):
        sg.scan(lambda s, x: s, 0.0, a, length=5)
    with pytest.raises(sg.ShapeError, match="length= T and the length of 'x' = N"):
        sg.scan(lambda s, x: s, 0.0, sg.input("x", "N"), length="T")
    with pytest.raises(sg.ShapeError, match="'x' is a scalar"):
        sg.scan(lambda s, x: s, 0.0, sg.input("x"))
    with pytest.raises(sg.KindError, match="neither sequences nor a length"):
        sg.scan(lambda s: s, 0.0)


def test_a_state_that_changes_its_shape_is_refused() -> None:
    x = sg.input("x", ("T", 3))
    with pytest.raises(
        sg.ShapeError, match=r"state 's' starts with shape \(\) and continues with \(3,\)"
    ):
        sg.scan(lambda s, x: s + x, 0.0, x)


def test_a_state_that_changes_its_kind_is_refused() -> None:
    start = sg.input("n", kind="integer")
    with pytest.raises(sg.KindError, match="state 's' starts integer and continues real"):
        sg.scan(lambda s, x: s + x, start, sg.input("x", "T"))


def test_a_step_with_wrong_parameters_or_results_is_refused() -> None:
    x, h = sg.input("x", "T"), sg.input("h")
    with pytest.raises(sg.KindError, match=r"parameters \(h, c, x\), it is given 2 by position"):
        sg.scan(lambda h, c, x: h, h, x)
    with pytest.raises(sg.KindError, match=r"parameters \(h, x\), it is given c by name and 1"):
        sg.scan(lambda h, x: h, {"c": h}, x)
    with pytest.raises(sg.KindError, match=r"returned \(a value, a value, a value\), .* a value"):
        sg.scan(lambda h, x: (h, x, h), h, x)
    with pytest.raises(sg.KindError, match=r"returned None, .* are \(a value,\)"):
        sg.scan(lambda h, x: None, (h,), x)
    with pytest.raises(sg.KindError, match=r"returned \{'d': a value\}, .* are \{'c': a value\}"):
        sg.scan(lambda c, x: {"d": c}, {"c": h}, x)
    with pytest.raises(sg.KindError, match="the step must be a function, not 3"):
        sg.scan(3, h, x)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(sg.NameClashError, match="'x' is a state and a sequence"):
        sg.scan(lambda x: x, {"x": h}, {"x": x})


def test_a_value_that_leaked_out_of_a_loop_is_refused() -> None:
    x, leaked = sg.input("x", "T"), []

    def step(h: Node, x: Node) -> Node:
        leaked.append(h)
        return h + x

    sg.scan(step, 0.0, x)
    with pytest.raises(sg.UnknownNameError, match="'h' belongs to the inside of another loop"):
        sg.scan(lambda s, x: s + x * leaked[0], 0.0, x)
    with pytest.raises(sg.UnknownNameError, match="'h' belongs to the inside of another loop"):
        sg.scan(lambda s, x: s + x, leaked[0] * 2, x)


def test_a_mask_that_fits_no_state_is_refused() -> None:
    x, h = sg.input("x", ("T", "B")), sg.input("h", "B")
    with pytest.raises(sg.ShapeError, match=r"mask has shape \(T, 3\), state 's' has \(B,\)"):
        sg.scan(lambda s, x: s + x, h, x, mask=sg.input("mask", ("T", 3)))
    with pytest.raises(sg.ShapeError, match="T and the length of 'mask' = S"):
        sg.scan(lambda s, x: s + x, h, x, mask=sg.input("mask", "S"))


def test_an_error_in_a_step_leaves_no_loop_open() -> None:
    x = sg.input("x", "T")
    kept: list[Node] = []

    def broken(s: Node, x: Node) -> Node:
        kept.append(s)
        return s @ x

    with pytest.raises(sg.ShapeError, match="matmul"):
        sg.scan(broken, 0.0, x)
    with pytest.raises(sg.UnknownNameError, match="belongs to the inside"):
        sg.scan(lambda s, x: s + kept[0], 0.0, x)

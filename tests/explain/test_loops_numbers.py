"""The printed lines of recurrences carried out in numbers: the lectures' and a complex step's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numeric import complex_step

import symgraph as sg
from symgraph.explain.derivation import Derivation, Equation
from symgraph.explain.replay import carried_out
from symgraph.notation.numeric import value
from symgraph.notation.sequences import Entries, Series, Side
from symgraph.notation.tree import Name
from symgraph.walks import variables
from symgraph.zoo import gates, recurrent

NUMBERS = json.loads(
    (Path(__file__).parent.parent / "lectures" / "lecture_numbers.json").read_text()
)
Arrays = dict[str, Any]


def expected(key: str) -> dict[str, Any]:
    found: dict[str, Any] = NUMBERS[key]["expect"]
    return found


def given(key: str) -> dict[str, Any]:
    found: dict[str, Any] = NUMBERS[key]["inputs"]
    return found


def series(rows: Any, first: int = 1) -> Series:
    return Series(dict(enumerate(np.asarray(rows), first)))


def blocks(derivation: Derivation, arrays: Arrays, sizes: dict[str, int]) -> Arrays:
    """W_fh and W_fx for a line W_f = [W_fh, W_fx]; the last letter of a name tells its part."""
    found: Arrays = {}
    for line in derivation.given:
        if (
            isinstance(line.right, Side)
            and isinstance(line.left, Name)
            and line.right.sort == "matrix"
        ):
            at = 0
            for one in line.right.items:
                assert isinstance(one, Name)
                size = sizes[one.name[-1]]
                found[one.name] = np.asarray(arrays[line.left.name])[:, at : at + size]
                at += size
    return found


def _defines(line: Equation) -> bool:
    return isinstance(line.left, (Name, Entries))


def by_lines(derivation: Derivation, arrays: Arrays, T: int, sizes: Any = None) -> Arrays:
    """All names, computed from the variables by the printed lines alone."""
    known = {**arrays, "t": range(1, T + 1), "T": T}
    known |= blocks(derivation, arrays, sizes or {})
    lines = filter(_defines, (*derivation.given, *derivation.names))
    made = carried_out(list(lines), known, {})
    assert made is not None
    return made


def results(derivation: Derivation, made: Arrays) -> list[np.ndarray]:
    return [np.asarray(value(one.right, made, {})) for one in derivation.results]


def near(got: Any, want: Any) -> None:
    exact = np.asarray(want, dtype=float)
    np.testing.assert_allclose(np.asarray(got).reshape(exact.shape), exact, rtol=1e-9, atol=1e-12)


def derived(root: sg.Node, names: str) -> Derivation:
    known = {v.name: v for v in variables([root])}
    return sg.derive(root, [known[name] for name in names.split()])


def rnn_values(start: Any = None) -> Arrays:
    g = given("S1-11")
    return {
        **{name: np.array(g[name]) for name in "UWd"},
        "x": series(g["x"]),
        "s": Series({0: np.array(g["s0"]) if start is None else start}),
    }


def test_the_printed_delta_recursion_gives_the_lectures_deltas_and_gradients() -> None:
    derivation = derived(recurrent.rnn().loss, "W U s0")
    made = by_lines(derivation, rnn_values(), 4)
    near(made["E"], expected("S1-11")["E"])
    for t, delta in expected("S1-11")["delta"].items():
        near(made["δ"].at(int(t)), delta)
    for got, key in zip(results(derivation, made), ("dW", "dU", "ds0"), strict=True):
        near(got, expected("S1-14")[key])
    near([made["s"].at(t).ravel() for t in range(1, 5)], expected("S0-42")["s_tanh"])
    near([made["net"].at(t).ravel() for t in range(1, 5)], expected("S0-42")["net"])


def test_the_term_of_the_printed_sum_is_the_gradient_of_one_time() -> None:
    derivation = derived(recurrent.rnn().loss, "W")
    made = by_lines(derivation, rnn_values(), 4)
    share = next(step for step in derivation.steps if step.line("unicode").endswith("δ_t s_{t−1}ᵀ"))
    for t, matrix in expected("S1-13")["per_t"].items():
        near(value(share.after, {**made, "t": int(t)}, {}), matrix)


def test_the_lower_layer_gets_its_delta_from_the_upper_one_at_the_same_time() -> None:
    derivation = derived(recurrent.stacked_rnn().loss, "A")
    arrays = {
        **rnn_values(),
        "A": np.array(given("S1-12")["A0"]),
        "r": series(given("S1-12")["raw"]),
    }
    del arrays["x"]
    made = by_lines(derivation, arrays, 4)
    for t, delta in expected("S1-12")["delta_lower"].items():
        near(made["δx"].at(int(t)), delta)
    near(results(derivation, made)[0], expected("S1-12")["dA0"])


def test_a_class_at_every_time_gives_the_lectures_loss_and_gradients() -> None:
    derivation = derived(recurrent.sequence_classifier().loss, "U W V")
    arrays = {**rnn_values(), "V": np.array(given("S1-01")["V"])}
    arrays["S"] = Series({0: np.zeros(3)})
    arrays["d"] = series(np.eye(4)[expected("S1-01")["labels"]])
    made = by_lines(derivation, arrays, 4)
    near(made["E"], expected("S1-01")["loss"])
    for got, key in zip(results(derivation, made), ("dU", "dW", "dV"), strict=True):
        near(got, expected("S1-01")[key])


@pytest.mark.parametrize(
    ("key", "options"),
    [("S0-49", {}), ("S0-50", {"peepholes": "fio"}), ("S0-51", {"coupled": True})],
    ids=["plain", "peepholes", "coupled"],
)
def test_the_lines_of_an_lstm_give_the_lectures_gradients(key: str, options: Any) -> None:
    g = given(key) if "x" in given(key) else given("S0-46")
    wanted = {n: one for n, one in expected(key)["grads"].items() if "_" in n}
    derivation = derived(gates.lstm(**options).loss, " ".join(wanted))
    arrays: Arrays = {f"W_{n}": np.array(one) for n, one in g["W"].items()}
    arrays |= {f"b_{n}": np.array(one) for n, one in g["b"].items()}
    arrays |= {"x": series(g["x"]), "d": np.array(g["target"])}
    arrays |= {"h": Series({0: np.array(g["h0"])}), "C": Series({0: np.array(g["C0"])})}
    made = by_lines(derivation, arrays, 3, {"h": 3, "x": 2, "C": 3})
    near(made["L"], expected(key)["loss"])
    near([made["h"].at(t).ravel() for t in (1, 2, 3)], expected(key)["h"])
    for got, want in zip(results(derivation, made), wanted.values(), strict=True):
        near(got, want)


def test_the_lines_of_a_gru_give_the_lectures_gradients() -> None:
    g, wanted = given("S0-52"), expected("S0-52")["grads"]
    derivation = derived(gates.gru().loss, "W_z W_r W h0")
    arrays: Arrays = {n: np.array(g[n]) for n in ("W_z", "W_r", "W")}
    arrays |= {"x": series(g["x"]), "d": np.array(g["target"]), "h": Series({0: np.array(g["h0"])})}
    made = by_lines(derivation, arrays, 3, {"h": 3, "x": 2})
    for got, key in zip(results(derivation, made), ("W_z", "W_r", "W", "h0"), strict=True):
        near(got, wanted[key])


def test_an_lstm_in_rows_gives_the_lectures_gradients() -> None:
    g, want = given("S4-64"), expected("S4-64")
    derivation = derived(gates.lstm_row().loss, "U_i W_i U_g W_f")
    arrays: Arrays = {}
    for letter in "UW":
        for gate, one in g[letter].items():
            arrays[f"{letter}_{'g' if gate == 'C' else gate}"] = np.array(one)
    arrays |= {"x": series(g["x"]), "d": np.array(g["target"])}
    arrays |= {"s": Series({0: np.array(g["s0"])}), "c": Series({0: np.array(g["c0"])})}
    made = by_lines(derivation, arrays, 3)
    for got, key in zip(results(derivation, made), ("dU_i", "dW_i", "dU_g", "dW_f"), strict=True):
        near(got, want[key])


def test_two_directions_that_meet_agree_with_a_complex_step() -> None:
    n, m, k, T = 3, 2, 2, 4
    U, W = sg.parameter("U", (n, m)), sg.parameter("W", (n, n))
    Q, R, V = sg.parameter("Q", (n, m)), sg.parameter("R", (n, n)), sg.parameter("V", (k, n))
    x, y = sg.input("x", (T, m)), sg.input("y", (T, k))
    f = sg.scan(lambda f, x: sg.tanh(U @ x + W @ f), sg.zeros(n), x)
    b = sg.scan(lambda b, x: sg.sigmoid(Q @ x + R @ b), sg.zeros(n), x, reverse=True)
    loss = sg.let("L", sg.sum(((f.states * b.states) @ V.T - y) ** 2))
    derivation = sg.derive(loss, [U, W, Q, R, V, x])

    generator = np.random.default_rng(3)
    shapes = {"U": (n, m), "W": (n, n), "Q": (n, m), "R": (n, n), "V": (k, n), "x": (T, m)}
    arrays = {name: generator.normal(size=shape) for name, shape in shapes.items()}
    target = generator.normal(size=(T, k))

    def loss_of(**given: Any) -> Any:
        at = {**arrays, **given}
        fs, bs, state = [], [None] * T, np.zeros(n)
        for t in range(T):
            state = np.tanh(at["U"] @ at["x"][t] + at["W"] @ state)
            fs.append(state)
        state = np.zeros(n)
        for t in reversed(range(T)):
            state = 1 / (1 + np.exp(-(at["Q"] @ at["x"][t] + at["R"] @ state)))
            bs[t] = state
        return (((np.array(fs) * np.array(bs)) @ at["V"].T - target) ** 2).sum()

    def slope(name: str) -> Any:
        return complex_step(lambda one: loss_of(**{name: one}), arrays[name])

    known = {**arrays, "x": series(arrays["x"]), "y": series(target)}
    known |= {"f": Series({0: np.zeros(n)}), "b": Series({T + 1: np.zeros(n)})}
    made = by_lines(derivation, known, T)
    for name, one in zip("UWQRV", derivation.results, strict=False):
        near(value(one.right, made, {}), slope(name))
    by_x = derivation.results[-1].right
    near([value(by_x, {**made, "t": t}, {}).ravel() for t in range(1, T + 1)], slope("x"))


def test_the_ordered_product_gives_the_lectures_first_delta_and_not_the_ascending_one() -> None:
    derivation = derived_through_time("W")
    made = by_lines(derivation, rnn_values(), 4)
    product = next(one for one in derivation.names if "Π" in one.unicode())
    first = value(product.right, {**made, "k": 1}, {})
    near(first, expected("S1-11")["delta"]["1"])
    assert not np.allclose(first, expected("S1-11")["delta1_if_product_ascending"])


def test_the_share_of_each_time_is_the_lectures() -> None:
    derivation = derived_through_time("W")
    made = by_lines(derivation, rnn_values(), 4)
    share = derivation.names[-1]
    for t, matrix in expected("S1-13")["per_t"].items():
        near(value(share.right, {**made, "t": int(t)}, {}), matrix)
    jacobian = next(one for one in derivation.names if one.unicode().startswith("dnet_{t+1}"))
    near(value(jacobian.right, {**made, "t": 1}, {}), expected("S1-10")["J21"])


def derived_through_time(name: str) -> Derivation:
    return sg.derive(recurrent.rnn().loss, name, through_time=True)

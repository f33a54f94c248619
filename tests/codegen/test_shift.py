"""Softmax and its kin as a textbook writes them hold for scores of a thousand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st
from mpmath import mp, mpf

import symgraph as sg
from symgraph.codegen import lowering
from symgraph.codegen.basic import op_of
from symgraph.codegen.passes import Roots, strip_lets, unchanged
from symgraph.codegen.shift import reading, shift_exponentials
from symgraph.codegen.shift.exponents import plus

SCORES = np.array([
    [1000.0, 999.0, 0.0, -1000.0], [3.0, -1000.0, 2000.0, 1999.5], [-1.0, -2.0, -3.0, 0.5],
    [-3000.0, -3001.0, -3002.0, -3000.5],
])  # fmt: skip
WEIGHTS = np.array([
    [0.3, 0.1, 2.0, 0.7], [1.0, 0.2, 0.4, 0.9], [0.5, 0.5, 0.1, 0.2], [0.8, 0.6, 0.3, 0.4],
])  # fmt: skip
SURE = np.array([0, 1, 3, 2])

TARGETS = [
    pytest.param({}, id="numpy"),
    pytest.param({"style": "read"}, id="read"),
    pytest.param({"target": "cython"}, marks=needs_c_compiler, id="cython"),
]

z, w = sg.input("z", ("N", "K")), sg.input("w", ("N", "K"))
y = sg.input("y", "N", kind="integer")


def _share(scores: Any, axis: int) -> Any:
    """The softmax by its definition, in as many digits as it takes."""
    powers = np.vectorize(mp.exp, otypes=[object])(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


def _log(x: Any) -> Any:
    return np.vectorize(mp.log, otypes=[object])(x)


#: A loss as it is written from exp(z), and by its definition.
LOSSES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "weighted": (
        lambda e: sg.sum(w * (e / sg.sum(e, axis=1, keepdims=True))),
        lambda s, e: (WEIGHTS * s).sum(),
    ),
    "along the first axis": (
        lambda e: sg.sum(w * (e / sg.sum(e, axis=0))),
        lambda s, e: (WEIGHTS * e / e.sum(axis=0)).sum(),
    ),
    "of all entries": (
        lambda e: sg.sum(w * e / sg.sum(e)), lambda s, e: (WEIGHTS * e).sum() / e.sum(),
    ),
    "log of the sum": (
        lambda e: sg.sum(w[:, 0] * sg.log(sg.sum(e, axis=1))),
        lambda s, e: (WEIGHTS[:, 0] * _log(e.sum(axis=1))).sum(),
    ),
    "cross entropy": (
        lambda e: -sg.sum(w * sg.log(e / sg.sum(e, axis=1)[:, None])),
        lambda s, e: -(WEIGHTS * _log(s)).sum(),
    ),
    "of labels": (
        lambda e: -sg.mean(sg.log((e / sg.sum(e, axis=1)[:, None])[sg.arange("N"), y])),
        lambda s, e: -_log(s[np.arange(4), SURE]).sum() / 4,
    ),
    "entropy": (
        lambda e: _entropy(e / sg.sum(e, axis=1, keepdims=True)),
        lambda s, e: -(s * _log(s)).sum(),
    ),
    "squared": (
        lambda e: sg.sum((e / sg.sum(e, axis=1, keepdims=True) - w) ** 2),
        lambda s, e: ((s - WEIGHTS) ** 2).sum(),
    ),
    "with a floor": (
        lambda e: sg.sum(w * (e / (sg.sum(e, axis=1, keepdims=True) + 1e-8))),
        lambda s, e: (WEIGHTS * e / (e.sum(axis=1, keepdims=True) + mpf(1e-8))).sum(),
    ),
    "attention": (
        lambda e: sg.sum((e @ sg.transpose(w) / sg.sum(e, axis=1, keepdims=True)) ** 2),
        lambda s, e: ((s @ WEIGHTS.T) ** 2).sum(),
    ),
    "masked": (
        lambda e: sg.sum(w * _over_sum(sg.where(w > 0.25, e, 0.0))),
        lambda s, e: (WEIGHTS * np.where(WEIGHTS > 0.25, e, 0)
                      / np.where(WEIGHTS > 0.25, e, 0).sum(axis=1, keepdims=True)).sum(),
    ),
    "masked by a product": (
        lambda e: sg.sum(w * _over_sum((w > 0.25) * e)),
        lambda s, e: (WEIGHTS * np.where(WEIGHTS > 0.25, e, 0)
                      / np.where(WEIGHTS > 0.25, e, 0).sum(axis=1, keepdims=True)).sum(),
    ),
}  # fmt: skip


def _entropy(p: Any) -> Any:
    return -sg.sum(p * sg.log(p))


def _over_sum(e: Any) -> Any:
    return e / sg.sum(e, axis=1, keepdims=True)


def _slopes(loss: Callable[[Any, Any], Any]) -> Any:
    """The gradient by central differences of many digits."""
    step = mpf(10) ** -25
    found = np.empty(SCORES.shape)
    exact = np.vectorize(mpf, otypes=[object])(SCORES)
    for place in np.ndindex(*SCORES.shape):
        ends = []
        for sign in (1, -1):
            moved = exact.copy()
            moved[place] += sign * step
            ends.append(loss(_share(moved, 1), np.vectorize(mp.exp, otypes=[object])(moved)))
        found[place] = float((ends[0] - ends[1]) / (2 * step))
    return found


@pytest.fixture(scope="module")
def truths() -> dict[str, tuple[float, Any]]:
    with mp.workdps(80):
        exact = np.vectorize(mpf, otypes=[object])(SCORES)
        powers = np.vectorize(mp.exp, otypes=[object])(exact)
        return {
            name: (float(loss(_share(exact, 1), powers)), _slopes(loss))
            for name, (_, loss) in LOSSES.items()
        }


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_quotients_of_exponentials_holds_at_scores_of_a_thousand(
    name: str, target: Any, truths: Any
):
    loss = LOSSES[name][0](sg.exp(z))

    found = sg.compile([z, w, y], [loss, sg.grad(loss, z)], **target)(SCORES, WEIGHTS, SURE)

    value, slopes = truths[name]
    np.testing.assert_allclose(found[0], value, rtol=1e-12)
    np.testing.assert_allclose(found[1], slopes, rtol=1e-10, atol=1e-15)


a, b, c = sympy.symbols("a b c")
exp, log = sympy.exp, sympy.log
FORMULAS = {
    "one of two": exp(a) / (exp(a) + exp(b)),
    "one of three": exp(b) / (exp(a) + exp(b) + exp(c)),
    "log of two": log(exp(a) + exp(b)),
    "log of three": log(exp(a) + exp(b) + exp(c)),
    "log beside one": log(1 + exp(a) + exp(b)),
    "beside one": 1 / (1 + exp(a) + exp(b)),
    "cross entropy": log(exp(a) + exp(b)) - a,
    "hyperbolic tangent": (exp(a) - exp(-a)) / (exp(a) + exp(-a)),
    "reciprocal of cosh": 2 / (exp(a) + exp(-a)),
    "log of cosh": log(sympy.cosh(a)),
    "quotient of sums": (exp(a) + exp(b)) / (exp(a) + exp(c)),
    "with a floor": exp(a) / (exp(a) + exp(b) + 1.0e-8),
    "root": sympy.sqrt(exp(a)) / sympy.sqrt(exp(a) + exp(b)),
    "beside two": exp(a) / (2 + exp(a)),
    "log of a density": log(exp(-((a - b) ** 2) / 2) / sympy.sqrt(2 * sympy.pi)),
    "log of a mixture": log(exp(-((a - b) ** 2) / 2) / 4 + 3 * exp(-((a - c) ** 2) / 2) / 4),
}
POINTS = [
    (1.0, 2.0, 0.5), (1000.0, 999.0, 998.5), (-1000.0, -999.0, 3.0), (800.0, -800.0, 0.0),
    (-2000.0, -2000.0, -2000.0), (3e5, 3e5 + 1, 2.0), (1e-9, 0.0, -1e-9),
]  # fmt: skip


@pytest.mark.parametrize("target", [*TARGETS, pytest.param({"target": "vm"}, id="vm")])
def test_formulas_of_numbers_and_their_slopes_hold_at_exponents_of_a_thousand(target: Any):
    outputs = [
        part for f in FORMULAS.values()
        for part in (f, *[sg.grad(f, v) for v in (a, b, c) if v in f.free_symbols])
    ]  # fmt: skip
    program = sg.compile([a, b, c], outputs, **target)
    exact = [
        part for f in FORMULAS.values()
        for part in (f, *[sympy.diff(f, v) for v in (a, b, c) if v in f.free_symbols])
    ]  # fmt: skip
    truth = sympy.lambdify([a, b, c], exact, "mpmath")

    for point in POINTS:
        with mp.workdps(1500):
            expected = [mp.mpf(value) for value in truth(*map(mpf, point))]
        for name, found, value in zip(exact, program(*point), expected, strict=True):
            # the exponents are rounded as well
            tolerance = 4e-16 * max(1000, *map(abs, point)) * abs(value) + mpf(1e-16)
            assert abs(mpf(float(found)) - value) <= tolerance, (name, point, found)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_with_and_without_the_pass_values_and_slopes_are_the_same(seed: int):
    rng = np.random.default_rng(seed)
    x, v = sg.input("x", (3, 4)), sg.input("v", 4)
    pool: list[Any] = [sg.exp(x), sg.exp(v), sg.exp(-x), x + 2.0, sg.exp(x - v), sg.cosh(v)]
    for _ in range(8):
        one, other = (pool[rng.integers(len(pool))] for _ in range(2))
        made = [
            lambda p, q: p * q, lambda p, q: p / q, lambda p, q: p + q, lambda p, q: p - q,
            lambda p, q: sg.sum(p, axis=-1, keepdims=True), lambda p, q: sg.sum(p),
            lambda p, q: sg.sum(p, axis=0), lambda p, q: sg.sqrt(sg.abs(p) + 0.1) / q,
            lambda p, q: sg.where(x > 0, p, 0.0), lambda p, q: sg.log(sg.abs(p) + 0.5),
            lambda p, q: p + 0.25, lambda p, q: p**2 / (1 + q**2), lambda p, q: 1 / p,
            lambda p, q: sg.log(p * p), lambda p, q: p[..., 1:3] if p.ndim else p,
            lambda p, q: sg.reshape(p, (4, 3)) if p.shape == (3, 4) else sg.tanh(p),
        ][rng.integers(16)]  # fmt: skip
        try:
            pool.append(made(one, other))
        except sg.ShapeError:
            continue
    outputs = [
        sg.tanh(pool[-1]),
        pool[-2],
        *sg.grad(sg.sum(sg.tanh(pool[-1] + x[0, 0] * v[0])), [x, v]),
    ]
    values = [rng.normal(size=(3, 4)) / 2, rng.normal(size=4) / 2]
    program = sg.compile([x, v], outputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "shift_exponentials", unchanged)
        expected = sg.compile([x, v], outputs)(*values)

    for found, value in zip(program(*values), expected, strict=True):
        size = max(1.0, float(np.abs(value).max(initial=0)))
        if np.isfinite(value).all() and size < 1e6:
            np.testing.assert_allclose(found, value, rtol=1e-8, atol=1e-9 * size)


def test_without_the_pass_scores_of_a_thousand_overflow(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lowering, "shift_exponentials", unchanged)
    e = sg.exp(z)

    assert np.isnan(sg.compile([z], e / sg.sum(e, axis=1, keepdims=True))(SCORES)).any()


def test_a_quotient_by_a_sum_that_is_not_followed_is_a_number_like_any_other():
    scores, other = sg.input("scores", 2), sg.input("other", 2)
    share = sg.exp(scores) / (sg.exp(scores) + other)  # each about 1, of numbers near 1e214
    outputs = [sg.log(sg.sum(sg.sqrt(share * share))), sg.sum(share / sg.sum(share))]

    found = sg.compile([scores, other], outputs)([494.0, 480.0], [0.5, 2.0])

    np.testing.assert_allclose(found, [np.log(2.0), 1.0], rtol=1e-15)


@pytest.mark.parametrize("target", TARGETS)
def test_what_a_mask_leaves_out_may_be_as_large_as_it_likes(target: Any):
    one, other = sg.input("one", 3), sg.input("other", 3)
    kept = sg.where(other < 5000.0, sg.exp(other), 0.0)
    shares = sg.exp(one) / (sg.exp(one) + kept), kept / sg.sum(kept)
    values = [900.0, 901.0, -900.0], [1e4, 901.0, 902.0]

    found = sg.compile([one, other], [*shares, *sg.grad(sg.sum(shares[0]), [one, other])], **target)

    first, second, up, down = found(*values)
    np.testing.assert_allclose(first, [1.0, 0.5, 0.0], rtol=1e-15)
    np.testing.assert_allclose(second, [0.0, 1 / (1 + np.e), np.e / (1 + np.e)], rtol=1e-15)
    np.testing.assert_allclose(up, [0.0, 0.25, 0.0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(down, [0.0, -0.25, 0.0], rtol=1e-12, atol=1e-15)


def test_sums_of_exponentials_alone_and_softmax_itself_stay_as_they_were_written():
    e = sg.exp(z)
    share = sg.softmax(z)
    shifted = sg.exp(z - sg.max(z, axis=1, keepdims=True))
    roots = Roots([
        sg.sum(e, axis=1), e + z, 1 / (1 + e), share, sg.grad(sg.sum(share**2), z),
        shifted / sg.sum(shifted, axis=1, keepdims=True), sg.log_softmax(z), sg.cosh(z),
    ])  # fmt: skip
    plain = strip_lets(roots).roots

    assert shift_exponentials(Roots(plain)).roots == plain


def test_one_exponential_an_entry_is_computed_for_a_softmax_and_its_slope():
    e = sg.exp(z)
    share = e / sg.sum(e, axis=1, keepdims=True)
    roots, _ = lowering.lower_all([share, sg.grad(sg.sum(w * share), z)])

    assert [op_of(node) for node in Roots(roots).order].count("exp") == 1


def test_a_long_sum_of_exponentials_is_one_walk():
    xs = [sg.input(f"x{k}") for k in range(300)]
    total = sg.exp(xs[0])
    for x in xs[1:]:
        total = total + sg.exp(x)
    loss = sg.log(total)
    values = np.linspace(900.0, 1000.0, 300)

    found = sg.compile(xs, [loss, sg.grad(loss, xs[-1])])(*values)

    shifted = np.exp(values - 1000.0)
    np.testing.assert_allclose(found[0], 1000.0 + np.log(shifted.sum()), rtol=1e-13)
    np.testing.assert_allclose(found[1], 1 / shifted.sum(), rtol=1e-11)


def test_twice_as_many_factors_are_twice_the_work(monkeypatch):
    looked_at: list[int] = []

    def counted(first: Any, second: Any, factor: Any = 1) -> Any:
        looked_at.append(len(first) + len(second))
        return plus(first, second, factor)

    def work(count: int) -> int:
        looked_at.clear()
        made, scales = sg.input("h"), [sg.parameter(f"p{k}") for k in range(count)]
        for p in scales:
            made = sg.exp(-p * p) * made
        shift_exponentials([made, *sg.grad(made, scales)])
        return sum(looked_at)

    monkeypatch.setattr(reading, "plus", counted)
    assert work(400) < 2.5 * work(200)


def _loop(share: Callable[[Any], Any], wide: bool) -> list[Any]:
    """A loop over time whose next state is made of the softmax of scores, and its gradients."""
    steps = sg.input("steps", ("T", 2, 3) if wide else ("T", 3))
    start = sg.input("start", (2, 3) if wide else 3)
    weights = sg.parameter("weights", (3, 3))
    run = sg.scan(lambda h, x: 3.0 * share(h @ weights + x) + sg.tanh(x), start, steps)
    loss = sg.sum(run.final**2)
    return [steps, start, weights, loss, *sg.grad(loss, [steps, start, weights])]


def _by_hand(scores: Any) -> Any:
    e = sg.exp(scores)
    return e / sg.sum(e, axis=-1, keepdims=True)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("size", [0.01, 1.0])
def test_a_loop_over_time_and_its_reverse_hold_at_scores_of_a_thousand(
    size: float, wide: bool, target: Any
):
    rng = np.random.default_rng(3)
    lead = (2,) if wide else ()
    values = [size * rng.normal(0, 900, (4, *lead, 3)), rng.normal(size=(*lead, 3))]
    values += [rng.normal(size=(3, 3)) / 2]
    own, usual = _loop(_by_hand, wide), _loop(sg.softmax, wide)

    found = sg.compile(own[:3], own[3:], **target)(*values)

    for one, other in zip(found, sg.compile(usual[:3], usual[3:])(*values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_a_reverse_loop_reads_what_it_needs_of_a_softmax_alone():
    program = sg.compile(_loop(_by_hand, False)[:3], _loop(_by_hand, False)[3:], style="read")
    body = program.source.partition("def step")[2]

    assert body.count("logsumexp(") == 1
    assert "np.sum(h2)" not in body

"""What formulas mean: values written down in NumPy, and gradients by central differences of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.network import find_node
from symgraph.printing import written
from symgraph.walks import variables

Case = tuple[str, str, Callable[..., Any]]
SIZES = {"T": 3, "n": 3, "m": 4, "p": 2, "k": 5, "N": 6, "d": 3, "r": 2}


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


# The function takes the variables in the order of their names in Unicode.
CASES: list[Case] = [
    # products
    ("aᵀ b", "a=n b=n", lambda a, b: a @ b),
    ("a·b", "a=n b=n", lambda a, b: a @ b),
    ("a @ b", "a=n b=n", lambda a, b: a @ b),
    ("sum(a bᵀ)", "a=n b=m", lambda a, b: a.sum() * b.sum()),
    ("sum(a * b)", "a=n b=n", lambda a, b: a @ b),
    ("Σ a ⊙ b ⊙ b", "a=n b=n", lambda a, b: (a * b * b).sum()),
    ("Σ a b b", "a=n b=n", lambda a, b: (a * b * b).sum()),
    ("xᵀ A y", "x=n A=n,m y=m", lambda A, x, y: x @ A @ y),
    ("x @ A @ y", "x=n A=n,m y=m", lambda A, x, y: x @ A @ y),
    ("A x · (B y)", "A=n,m x=m B=n,p y=p", lambda A, B, x, y: (A @ x) @ (B @ y)),
    ("Σ (a - b)²", "a=n b=n", lambda a, b: ((a - b) ** 2).sum()),
    ("Σ(a)/N", "a=N", lambda a: a.mean()),
    ("Σ (x Aᵀ) ⊙ y", "x=m A=n,m y=n", lambda A, x, y: ((A @ x) * y).sum()),
    ("tr(A B Aᵀ)", "A=n,m B=m,m", lambda A, B: np.trace(A @ B @ A.T)),
    ("tr(A.T @ A)", "A=n,m", lambda A: (A**2).sum()),
    ("tr(A^T A)", "A=n,m", lambda A: (A**2).sum()),
    ("tr(A^{T} A)", "A=n,m", lambda A: (A**2).sum()),
    ("aᵀ X⁻¹ b", "a=n X=n,n b=n", lambda X, a, b: a @ np.linalg.inv(X) @ b),
    ("aᵀ X^-T b", "a=n X=n,n b=n", lambda X, a, b: a @ np.linalg.inv(X).T @ b),
    ("aᵀ X⁻ᵀ b", "a=n X=n,n b=n", lambda X, a, b: a @ np.linalg.inv(X).T @ b),
    ("tr(X²)", "X=n,n", lambda X: np.trace(X @ X)),
    ("tr(X^3)", "X=n,n", lambda X: np.trace(X @ X @ X)),
    ("sum(X**2)", "X=n,n", lambda X: (X**2).sum()),
    ("sum(X .^ 3)", "X=n,m", lambda X: (X**3).sum()),
    ("sum(X ^∘ 3)", "X=n,m", lambda X: (X**3).sum()),
    ("sum(A ⊗ B)", "A=n,m B=p,k", lambda A, B: np.kron(A, B).sum()),
    ("tr(A ⊗ B)", "A=n,n B=m,m", lambda A, B: np.trace(np.kron(A, B))),
    ("-a ⊙ b · b", "a= b=n", lambda a, b: -a * (b @ b)),
    ("2 a - 3a*b + -a/b", "", lambda a, b: 2 * a - 3 * a * b - a / b),
    ("1/2 (a - b)^2", "", lambda a, b: (a - b) ** 2 / 2),
    ("¾ a b", "", lambda a, b: 0.75 * a * b),
    ("a/b (c + 1)", "", lambda a, b, c: a / b * (c + 1)),
    ("1/N Σ (X w - y)² + λ/2 ‖w‖²", "X=N,p w=p y=N",
     lambda X, w, y, λ: ((X @ w - y) ** 2).mean() + λ / 2 * (w @ w)),
    ("1 / 2 a", "", lambda a: a / 2),
    ("1/2(a - b)²", "", lambda a, b: (a - b) ** 2 / 2),
    ("x/‖x‖ · y", "x=n y=n", lambda x, y: x @ y / np.linalg.norm(x)),
    ("a/b/c", "", lambda a, b, c: a / b / c),
    ("a b/c", "", lambda a, b, c: a * b / c),
    ("-a²", "", lambda a: -(a**2)),
    ("2^-a", "", lambda a: 2.0**-a),
    ("a**b", "", lambda a, b: a**b),
    ("aᵀXb", "a=n X=n,m b=m", lambda X, a, b: a @ X @ b),
    ("bᵀW₂W₁a", "b=n W2=n,m W1=m,k a=k", lambda W1, W2, a, b: b @ W2 @ W1 @ a),
    ("(x-As)ᵀW(x-As)", "x=n A=n,m s=m W=n,n",
     lambda A, W, s, x: (x - A @ s) @ W @ (x - A @ s)),
    ("tr((X+A)⁻¹)", "X=n,n A=n,n", lambda A, X: np.trace(np.linalg.inv(X + A))),
    ("-Σ(t log σ(Xw)+(1-t)log(1-σ(Xw)))", "X=N,p w=p t=N",
     lambda X, t, w: -(t * np.log(sigmoid(X @ w)) + (1 - t) * np.log(1 - sigmoid(X @ w))).sum()),
    ("log Σexp(z)", "z=n", lambda z: np.log(np.exp(z).sum())),
    # norms, sums, functions
    ("‖A x − y‖²", "A=n,m x=m y=n", lambda A, x, y: ((A @ x - y) ** 2).sum()),
    ("||A x - y||", "A=n,m x=m y=n", lambda A, x, y: np.sqrt(((A @ x - y) ** 2).sum())),
    ("‖x‖₁ + ‖x‖_2 + ‖x‖_∞", "x=n", lambda x: sum(np.linalg.norm(x, q) for q in (1, 2, np.inf))),
    ("‖X‖²_F + ||X||^2_F + ‖X‖_F²", "X=n,m", lambda X: 3 * (X**2).sum()),
    ("1{a < b} a - 𝟙(a < b) b", "", lambda a, b: (a < b) * (a - b)),
    ("‖X‖_F", "X=n,m", np.linalg.norm),
    ("norm(x)^3", "x=n", lambda x: np.linalg.norm(x) ** 3),
    ("abs(a - |b|)", "", lambda a, b: abs(a - abs(b))),
    ("|a| |b|", "", lambda a, b: abs(a) * abs(b)),
    ("√(a² + b²)", "", np.hypot),
    ("√a + b", "", lambda a, b: np.sqrt(a) + b),
    ("exp a / (1 + exp a)", "", sigmoid),
    ("log det(A Aᵀ)", "A=n,m", lambda A: np.linalg.slogdet(A @ A.T)[1]),
    ("logdet(A @ A.T)", "A=n,m", lambda A: np.linalg.slogdet(A @ A.T)[1]),
    ("-Σ y log(exp z / Σ exp z)", "y=k z=k", lambda y, z: -(y * np.log(softmax(z))).sum()),
    ("-sum(y * log softmax(z))", "y=k z=k", lambda y, z: -(y * np.log(softmax(z))).sum()),
    ("Σ exp(x)/N", "x=N", lambda x: np.exp(x).mean()),
    ("Σ x ⊙ x + 1", "x=N", lambda x: (x * x).sum() + 1),
    ("sum(sum(X, axis=0) ** 2)", "X=n,m", lambda X: (X.sum(axis=0) ** 2).sum()),
    ("sum(softmax(Z, axis=0) * Z)", "Z=n,m", lambda Z: (softmax(Z.T).T * Z).sum()),
    ("mean(max(0, 1 - t * (X w)))", "t=N X=N,p w=p",
     lambda X, t, w: np.maximum(0, 1 - t * (X @ w)).mean()),
    ("max(a, b, c) + min(a, b)", "", lambda a, b, c: max(a, b, c) + min(a, b)),
    ("max(X) - min(X)", "X=n,m", lambda X: X.max() - X.min()),
    ("std(x) + var(x, ddof=1)", "x=N", lambda x: x.std() + x.var(ddof=1)),
    ("leaky_relu(a, 0.2) + leaky_relu(-a, slope=0.1)", "",
     lambda a: np.where(a > 0, a, 0.2 * a) + np.where(-a > 0, -a, -0.1 * a)),
    ("1[a < b < 2] a + where(not a > b, b, a)", "",
     lambda a, b: (a < b < 2) * a + np.where(not a > b, b, a)),
    ("𝟙[a ≤ b ∧ ¬ (b > 5) or a = 7] b", "", lambda a, b: ((a <= b and not b > 5) or a == 7) * b),
    # entries
    ("x[0] x[1] - x[-1]²", "x=4", lambda x: x[0] * x[1] - x[-1] ** 2),
    ("Σ X[:, 1:3] + X[0, 0]", "X=n,4", lambda X: X[:, 1:3].sum() + X[0, 0]),
    ("sum(x[1:] * x[:-1])", "x=n", lambda x: (x[1:] * x[:-1]).sum()),
    ("sum(x[::2]^2)", "x=7", lambda x: (x[::2] ** 2).sum()),
    ("sum(y[:, None] * X)", "y=n X=n,m", lambda X, y: (y[:, None] * X).sum()),
    ("[a, b, 1]·w", "w=3", lambda a, b, w: np.array([a, b, 1.0]) @ w),
    ("W [h, x] · v", "W=n,5 h=2 x=3 v=n", lambda W, h, v, x: W @ np.concatenate([h, x]) @ v),
    ("Σ([A, B] [x, y])", "A=n,2 B=n,3 x=2 y=3", lambda A, B, x, y: (A @ x + B @ y).sum()),
    ("sum([[1, 2], [3, 4]] @ x * x)", "x=2", lambda x: (np.array([[1, 2], [3, 4]]) @ x * x).sum()),
    ("sum(concat([h, x]) ** 2)", "h=2 x=3", lambda h, x: (h**2).sum() + (x**2).sum()),
    ("sum(stack(x, y)[1])", "x=3 y=3", lambda x, y: y.sum()),
    ("logdet(X Xᵀ + eye(n))", "X=n,m", lambda X: np.linalg.slogdet(X @ X.T + np.eye(3))[1]),
    ("sum(reshape(x, (2, 3)) @ y)", "x=6 y=3", lambda x, y: (x.reshape(2, 3) @ y).sum()),
    ("logdet(X Xᵀ + λ I) + tr(I - X Xᵀ)", "X=n,m",
     lambda X, λ: np.linalg.slogdet(X @ X.T + λ * np.eye(3))[1] + 3 - (X**2).sum()),
    ("I² R + tr(A)", "A=n,n", lambda A, *numbers: numbers[0] ** 2 * numbers[1] + np.trace(A)),
    ("sum(A ⊙ I)", "A=n,n", np.trace),
    ("xᵀ (A - I/‖x‖) x", "x=n A=n,n", lambda A, x: x @ A @ x - np.linalg.norm(x)),
    ("‖X 𝟏 − y‖² + 𝟏ᵀ X w", "X=n,m y=n w=m",
     lambda X, w, y: ((X.sum(1) - y) ** 2).sum() + X.sum(0) @ w),
    ("Σ (X - X 𝟏/n - ones^T X/n) .^ 2", "X=n,n",
     lambda X: ((X - X.sum(1, keepdims=True) / 3 - X.sum(0) / 3) ** 2).sum()),
    ("let r = √(X .^ 2 𝟏)\nΣ G ⊙ (X/r)", "X=n,n G=n,n",
     lambda G, X: (G * X / np.sqrt((X**2).sum(1, keepdims=True))).sum()),
    ("𝟏ᵀ x + xᵀ ones", "x=n", lambda x: 2 * x.sum()),
    ("Σ(t) x·y", "t=n x=m y=m", lambda t, x, y: t.sum() * (x @ y)),
    ("xᵀ A^T y γ^T", "x=T A=m,T y=m",
     lambda A, x, y, γ: x @ A.T @ y * γ ** len(x)),
    ("γ^n sum(x) + γ^(n-1)", "x=n", lambda x, γ: γ ** len(x) * x.sum() + γ ** (len(x) - 1)),
    ("γ^T", "T=", lambda T, γ: γ**T),
    ("tr(T^T X)", "T=n,m X=n,m", lambda T, X: (T * X).sum()),
    ("xᵀ ones(n) / n", "x=n", lambda x: x.mean()),
    ("sum(X[:, 0:m-1])", "X=n,m", lambda X: X[:, :-1].sum()),
    ("π a² + N b", "",
     lambda N, a, b: np.pi * a**2 + N * b),
    # several lines
    ("let h = tanh(W x + b)\nlet ŷ = V h\n½ ‖ŷ − y‖²", "W=m,n x=n b=m V=k,m y=k",
     lambda V, W, b, x, y: 0.5 * ((V @ np.tanh(W @ x + b) - y) ** 2).sum()),
    ("s = W x; sigmoid(s)·s", "W=m,n x=n",
     lambda W, x: sigmoid(W @ x) @ (W @ x)),
    ("# comment\nlet a1 = (x +  # more\n  1)\n\n-a1 *\n a1", "", lambda x: -((x + 1) ** 2)),
    ("let h = relu(W x)\nlet p = σ(V·h)\n-(t log p + (1-t) log(1-p))", "W=m,n x=n V=m t=",
     lambda V, W, t, x: -(t * np.log(sigmoid(V @ np.maximum(W @ x, 0)))
                          + (1 - t) * np.log(1 - sigmoid(V @ np.maximum(W @ x, 0))))),
]  # fmt: skip


def values_of(node: sg.Node, seed: int) -> dict[str, Any]:
    """Random values between 0.2 and 1.2 for the variables, sizes all different."""
    generator = np.random.default_rng(seed)
    return {
        one.name: generator.uniform(
            0.2, 1.2, [n if isinstance(n, int) else SIZES[str(n)] for n in one.shape]
        )
        for one in variables([node])
    }


@pytest.mark.parametrize(("text", "shapes", "truth"), CASES, ids=[case[0] for case in CASES])
def test_a_formula_has_the_value_and_the_gradients_of_its_numpy_form(
    text: str, shapes: str, truth: Callable[..., Any]
):
    node = sg.formula(text, shapes)
    values = values_of(node, seed=1)
    names = sorted(values)

    def true_value(given: dict[str, Any]) -> float:
        return float(truth(*(given[name] for name in names)))

    assert sg.evaluate(node, values) == pytest.approx(true_value(values), rel=1e-12)
    for name in names:
        _, slope = sg.evaluate([node, sg.grad(node, find_node(node, name))], values)
        assert slope == pytest.approx(difference(true_value, values, name), rel=1e-6, abs=1e-7)


def difference(f: Callable[[dict[str, Any]], float], values: dict[str, Any], name: str) -> Any:
    """Central differences of f by each entry of one variable."""
    x = np.asarray(values[name])
    slopes = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        shift = np.zeros(x.shape)
        shift[place] = 1e-6
        slopes[place] = (f({**values, name: x + shift}) - f({**values, name: x - shift})) / 2e-6
    return slopes


@pytest.mark.parametrize("word", ["stop_gradient", "detach"])
def test_what_stops_a_gradient_is_a_factor_like_a_number(word: str):
    # f = c x + sin(c²) with c = x held: f' = c, where x² + sin(x²) has 2x + 2x cos(x²).
    node = sg.formula(f"{word}(x)·x + sin({word}(x²))")
    (x,) = variables([node])
    value, slope = sg.evaluate([node, sg.grad(node, x)], {"x": 3.0})

    assert value == pytest.approx(9.0 + np.sin(9.0))
    assert slope == pytest.approx(3.0)
    for text in (str(node), written([node], "unicode").text):
        again = sg.formula(text)
        assert sg.evaluate(sg.grad(again, variables([again])[0]), {"x": 3.0}) == pytest.approx(3.0)

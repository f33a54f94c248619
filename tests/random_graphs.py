"""Random graphs of user functions, with values for their variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import sympy

import symgraph as sg
from symgraph.errors import SymgraphError
from symgraph.node import Node
from symgraph.shapes import bind_shape
from symgraph.walks import variables

SIZES = {"N": 3, "M": 2}


class Case(NamedTuple):
    """Nodes, values of their variables, and the sizes."""

    outputs: list[Node]
    values: dict[Node, Any]
    dims: dict[sympy.Symbol, int]


def random_case(seed: int, length: int = 20) -> Case:
    """A graph of about `length` operations and the gradient of a scalar made of it."""
    rng = np.random.default_rng(seed)
    pool = _leaves()
    while len(pool) < length + 10:
        function = _FUNCTIONS[rng.integers(len(_FUNCTIONS))]
        try:
            made = function(rng, pool)
        except SymgraphError:
            continue
        if isinstance(made, Node) and made.ndim <= 4 and _entries(made) <= 400:
            pool.append(sg.let(f"v{len(pool)}", made) if rng.random() < 0.2 else made)
    outputs = [pool[-1], pool[-2], pool[rng.integers(10, len(pool))]]
    real = [node for node in pool[10:] if node.kind == "real"][-4:]
    if real:
        loss = sum((sg.sum(sg.tanh(node)) for node in real), start=sg.const(0.0))
        sources = [v for v in sorted(variables([loss]), key=str) if v.kind == "real"]
        outputs.append(loss)
        if sources:
            outputs += sg.grad(loss, sources)
    dims = {sympy.Symbol(n, integer=True, nonnegative=True): k for n, k in SIZES.items()}
    named = sorted(variables(outputs), key=lambda v: str(v.params[0]))
    return Case(outputs, {v: _value(rng, v, dims) for v in named}, dims)


def _leaves() -> list[Node]:
    return [
        sg.input("s"), sg.input("v", 3), sg.input("x", ("N", 3)), sg.parameter("W", (3, 3)),
        sg.parameter("B", (3, 2)), sg.input("t", ("N", "M", 3)),
        sg.input("i", "N", kind="integer"), sg.input("k", kind="integer"),
        sg.input("m", ("N", 3), kind="boolean"), sg.input("r", (1, 3)),
    ]  # fmt: skip


def _entries(node: Node) -> int:
    symbols = [s for dim in node.shape if not isinstance(dim, int) for s in dim.free_symbols]
    dims = {symbol: SIZES.get(symbol.name, 2) for symbol in symbols}
    return int(np.prod(bind_shape(node.shape, dims), initial=1))


def _value(rng: np.random.Generator, node: Node, dims: dict[sympy.Symbol, int]) -> Any:
    shape = bind_shape(node.shape, dims)
    if node.kind == "integer":
        return rng.integers(0, 3, shape)
    if node.kind == "boolean":
        return rng.random(shape) < 0.5
    return np.asarray(rng.standard_normal(shape))


def _any(rng: np.random.Generator, pool: list[Node]) -> Node:
    return pool[rng.integers(len(pool))]


def _real(rng: np.random.Generator, pool: list[Node]) -> Node:
    real = [node for node in pool if node.kind == "real"]
    return real[rng.integers(len(real))]


def _axis(rng: np.random.Generator, node: Node) -> int:
    return int(rng.integers(node.ndim)) if node.ndim else 0


def _unary(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda rng, pool: function(_any(rng, pool))


def _binary(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda rng, pool: function(_any(rng, pool), _any(rng, pool))


def _scalar(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda rng, pool: function(_any(rng, pool), [2, 0.5, -1, 1, 0, 3][rng.integers(6)])


def _along(function: Callable[..., Any]) -> Callable[..., Any]:
    def make(rng: np.random.Generator, pool: list[Node]) -> Any:
        node = _any(rng, pool)
        return function(node, _axis(rng, node))

    return make


def _einsum(rng: np.random.Generator, pool: list[Node]) -> Any:
    count = int(rng.integers(1, 4))
    nodes = [_any(rng, pool) for _ in range(count)]
    letters: dict[Any, list[str]] = {}
    words = []
    for node in nodes:
        word = ""
        for size in node.shape:
            known = letters.setdefault(size, [])
            if not known or rng.random() < 0.4:
                known.append("abcdefghijklmnop"[sum(map(len, letters.values()))])
            word += known[rng.integers(len(known))]
        words.append(word)
    used = sorted(set("".join(words)))
    out = [c for c in used if rng.random() < 0.5]
    rng.shuffle(out)
    return sg.einsum(f"{','.join(words)}->{''.join(out)}", *nodes)


def _getitem(rng: np.random.Generator, pool: list[Node]) -> Any:
    node = _any(rng, pool)
    key: list[Any] = []
    for _ in range(int(rng.integers(node.ndim + 1))):
        key.append(
            [
                slice(None), slice(1, None), slice(None, None, -1), slice(0, 2), 0, -1, None,
                slice(None, None, 2), pool[7], pool[6],
            ][rng.integers(10)]
        )  # fmt: skip
    return node[tuple(key)]


def _scan(rng: np.random.Generator, pool: list[Node]) -> Any:
    sequence = _real(rng, pool)
    if sequence.ndim == 0:
        return None
    start = sg.sum(sequence, axis=0) if rng.random() < 0.5 else sg.zeros(sequence.shape[1:])
    weight = _real(rng, [p for p in pool if p.shape in ((), (3,))])

    def step(h: Any, x: Any) -> Any:
        new = sg.tanh(h * weight + sg.sin(x) * sg.exp(-(weight**2)))
        return new if rng_choice == 0 else (new, new * x + sg.cos(x))

    rng_choice = int(rng.integers(2))
    result = sg.scan(step, start, sequence, reverse=bool(rng.integers(2)))
    choice = [result.final, result.states, result.before, result.outputs]
    made = choice[rng.integers(4)]
    return result.states if made is None else made


def _where(rng: np.random.Generator, pool: list[Node]) -> Any:
    return sg.where(_any(rng, pool) > 0.1, _any(rng, pool), _any(rng, pool))


def _concat(rng: np.random.Generator, pool: list[Node]) -> Any:
    node = _any(rng, pool)
    axis = _axis(rng, node)
    return sg.concat([node, _any(rng, pool), node], axis=axis)


_FUNCTIONS: list[Callable[..., Any]] = [
    _unary(sg.tanh), _unary(sg.sigmoid), _unary(sg.relu), _unary(sg.sin), _unary(sg.softplus),
    _unary(sg.abs), _unary(sg.square), _unary(sg.negative), _unary(sg.step), _unary(sg.sign),
    _unary(sg.elu), _unary(sg.leaky_relu), _unary(lambda x: sg.exp(-sg.abs(x))),
    _unary(lambda x: sg.log(1 + x * x)), _unary(lambda x: sg.sqrt(1 + x * x)),
    _unary(lambda x: sg.floor(x * 2)), _unary(lambda x: sg.ceil(x)), _unary(sg.arctan),
    _unary(lambda x: sg.power(1 + x * x, -1.5)), _unary(lambda x: x**3), _unary(sg.erf),
    _unary(lambda x: sg.indicator(x > 0)), _unary(lambda x: sg.expm1(sg.sin(x))),
    _binary(sg.add), _binary(sg.subtract), _binary(sg.multiply), _binary(sg.add),
    _binary(lambda x, y: x / (1 + y * y)), _binary(sg.maximum), _binary(sg.minimum),
    _binary(lambda x, y: sg.remainder(x, 1 + y * y)), _binary(sg.less), _binary(sg.arctan2),
    _binary(lambda x, y: (x > 0) & (y > 0)), _binary(lambda x, y: (x > 0) | ~(y > 0)),
    _scalar(sg.add), _scalar(sg.subtract), _scalar(sg.multiply), _scalar(lambda x, c: c - x),
    _scalar(lambda x, c: c / (2 + sg.cos(x))), _scalar(lambda x, c: x > c),
    _binary(sg.matmul), _binary(sg.matmul), _binary(sg.matmul), _binary(sg.tensordot),
    _einsum, _einsum, _einsum, _getitem, _getitem, _getitem, _scan, _scan, _where, _where, _concat,
    _along(sg.sum), _along(sg.mean), _along(sg.max), _along(sg.argmax), _along(sg.softmax),
    _along(sg.logsumexp), _along(sg.prod), _along(sg.cumsum), _along(sg.var), _along(sg.flip),
    _along(sg.expand_dims), _along(lambda x, a: sg.sum(x, a, keepdims=True)),
    _along(lambda x, a: sg.max(x, a, keepdims=True)), _along(lambda x, a: sg.repeat(x, 2, a)),
    _along(lambda x, a: sg.roll(x, 1, a)), _along(lambda x, a: sg.diff(x, axis=a)),
    _unary(sg.transpose), _unary(sg.sum), _unary(sg.mean), _unary(sg.max), _unary(sg.flatten),
    _unary(sg.diagonal), _unary(sg.diag), _unary(sg.trace), _unary(lambda x: sg.pad(x, 1)),
    _unary(sg.tril), _unary(lambda x: sg.stack([x, 2 * x], axis=-1)), _unary(sg.argmax),
    _unary(lambda x: sg.inv(3 * sg.eye(3) + sg.sin(x))), _unary(lambda x: sg.max_pool1d(x, 2)),
    _unary(lambda x: sg.reshape(x, (-1,))), _unary(lambda x: sg.broadcast_to(x, (2, *x.shape))),
    _along(lambda x, a: sg.swapaxes(x, a, 0)), _binary(lambda x, i: sg.take(x, sg.argmax(i, 0), 0)),
    _binary(lambda x, y: sg.conv1d(x, y, padding=1)),
]  # fmt: skip

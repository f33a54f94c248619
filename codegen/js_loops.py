"""Scan in JavaScript: one loop over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symgraph.codegen.js_writer import JsWriter
from symgraph.codegen.schedule import Block
from symgraph.codegen.strided import Value
from symgraph.node import Node
from symgraph.ops.loop import Scan

__all__ = ["emit_loop"]


def emit_loop(w: JsWriter, node: Node, steps: Callable[[Block], None]) -> None:
    """The loop and everything that is read of it; `steps` emits the block of its body."""
    loop = w.block.loops[node]
    scan: Scan = loop.scan
    body = scan.body
    time = w.name("t")
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    operands = [w.value(arg) for arg in scan.args]
    states = [w.room(state.shape, state.kind) for state in body.states]
    for state, start in zip(states, operands[:count], strict=True):
        w.copy(replace(start, storage=state.storage), state)
    inner: dict[Node, Value] = dict(zip(body.states, states, strict=True))
    for place, value in zip(body.sequences, operands[count:timed], strict=True):
        inner[place] = _row(w, value, time)
    inner.update(zip(body.constants, operands[timed:], strict=True))
    results: dict[Node, Value] = {
        projection: w.array(projection.shape, projection.kind)
        for projection in loop.traces.values()
    }
    outer, around = w.env, w.block
    w.env, w.block = inner, loop.block
    length = w.size(scan.length)
    head = f"{time} = {length} - 1; {time} >= 0; {time}--"
    if not scan.backwards:
        head = f"{time} = 0; {time} < {length}; {time}++"
    with w.inside(f"for (let {head})"):
        steps(loop.block)
        for traced, projection in loop.traces.items():
            w.copy(w.value(traced), _row(w, results[projection], time))
        _carry(w, states, [w.value(following) for following in body.nexts])
    w.env, w.block = outer, around
    results.update((final, states[number]) for number, final in loop.finals.items())
    w.env.update(results)
    w.env[node] = Value("NaN", (), "real")


def _row(w: JsWriter, value: Value, time: str) -> Value:
    """The entries of one time."""
    if value.strides is None:
        return replace(value, shape=value.shape[1:])
    return w.view(value, value.shape[1:], value.strides[1:], w.term(time, value.strides[0]))


def _carry(w: JsWriter, states: list[Value], nexts: list[Value]) -> None:
    """The new states into their places; what lies in the place of another waits in a copy."""
    moves: list[tuple[Value, Value]] = []
    memory = {state.text for state in states}
    for state, following in zip(states, nexts, strict=True):
        if following.text == state.text and following.strides == state.strides:
            continue
        waiting = following
        if not state.shape:
            waiting = replace(following, text=w.name("v"))
            w.say(f"const {waiting.text} = {following.text};")
        elif following.text in memory:
            waiting = w.array(state.shape, state.storage)
            w.copy(following, waiting)
        moves.append((waiting, state))
    for waiting, state in moves:
        w.copy(waiting, state)

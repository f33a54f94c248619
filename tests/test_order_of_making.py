"""What is written depends on the formula alone, and not on the order in which its parts were made.

A part that an earlier formula has made is there before what stands to the left of it, and nodes of
another process lie at other addresses. Both are given to a graph here: its nodes get the serial
numbers that they would have, had somebody made them in another order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from random_graphs import random_case

import symgraph as sg
from symgraph import node as nodes
from symgraph.codegen.native.graph_key import graph_key
from symgraph.network import load_network
from symgraph.node import Node
from symgraph.ops.body import Body
from symgraph.ops.loop import Scan
from symgraph.walks import variables

NETWORKS = ["named-units", "regularised", "gru", 13]


def made(which: str | int) -> Node:
    """A system of the zoo, or the loss of a random graph."""
    if isinstance(which, str):
        return load_network(f"zoo:{which}")
    real = [node for node in random_case(which).outputs[:3] if node.kind == "real"]
    return sum((sg.sum(sg.tanh(node)) for node in real), start=sg.const(0.0))


def texts(loss: Node) -> dict[str, str]:
    """Programs, the key of one of them, the graph and the formulas of the gradients."""
    places = variables([loss])
    sources = [v for v in places if v.kind == "real" and v.role != "state"]
    outputs = [loss, *sg.grad(loss, sources)]
    program = sg.compile(places, outputs)._recipe
    return {
        "c": program.native.text,
        "key": str(graph_key(program)),
        "numpy": sg.compile(places, outputs).source,
        "read": sg.compile(places, outputs, style="read").source,
        "array": sg.compile(places, outputs, style="array").source,
        "js": sg.javascript(loss).source,
        "graph": str(sg.graph(loss)),
        "formulas": "\n".join(map(str, outputs)),
    }


def living() -> list[Node]:
    return [node for entry in list(nodes._table.values()) if (node := entry()) is not None]


@pytest.fixture(autouse=True)
def _numbers_of_the_process() -> Iterator[None]:
    """Nodes that other tests hold get their own numbers back."""
    kept = [(node, node.serial) for node in living()]
    yield
    for node, serial in kept:
        node.serial = serial


def renumber(seed: int) -> None:
    """Give all nodes the serial numbers of another order in which they could have been made."""
    alive = living()
    alive.sort(key=lambda node: node.serial)
    serials = [node.serial for node in alive]
    users: dict[Node, list[Node]] = {node: [] for node in alive}
    missing = {}
    for node in alive:
        below = {arg for arg in _parts(node) if arg in users}
        missing[node] = len(below)
        for arg in below:
            users[arg].append(node)
    ready = [node for node in alive if not missing[node]]
    rng = random.Random(seed)
    for serial in serials:
        node = ready.pop(rng.randrange(len(ready)))
        node.serial = serial
        for user in users[node]:
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)


def _parts(node: Node) -> list[Node]:
    if not isinstance(node, Scan):
        return [*node.args, *(one for one in node.params if isinstance(one, Node))]
    body: Body = node.body
    return [*node.args, *body.locals, *body.nexts]


@pytest.mark.parametrize("which", NETWORKS)
def test_another_order_of_making_writes_the_same_texts(which: str | int) -> None:
    before = texts(made(which))
    loss = made(which)
    renumber(7)

    assert texts(loss) == before

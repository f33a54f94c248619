"""A dozen graphs and where the native engine puts them, kept in golden.json.

After a change that is meant: `python -m tests.draw.golden` with the root of the repository on the
path, and a look at the pictures.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

from symgraph.draw.engines import layout_native
from symgraph.draw.parts import measure, plan
from symgraph.draw.theme import LIGHT
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewGroup, ViewNode

FILE = Path(__file__).with_suffix(".json")
LABELS = ("1", "-1", "x_3", "1-h^2", r"\frac{a}{b}", None)


def random_view(count: int, seed: int, groups: int = 0, direction: str = "BT") -> View:
    """Sums, products and sigmoids over a few leaves; each node but the last is used."""
    dice = random.Random(seed)
    leaves = max(2, count // 3)
    nodes = [ViewNode(f"x{k}", f"x_{k}", "data", "", "0.5", "-1") for k in range(leaves)]
    edges: list[ViewEdge] = []
    unused = [node.id for node in nodes]
    for k in range(leaves, count):
        arity = dice.choice((1, 2, 2))
        label = r"\sigma" if arity == 1 else dice.choice(("+", r"\times"))
        nodes.append(ViewNode(f"v{k}", label, "op", "", f"{k}.5", "1"))
        for operand in range(arity):
            tail = unused.pop(0) if unused else dice.choice(nodes[:-1]).id
            edges.append(ViewEdge(tail, f"v{k}", operand, dice.choice(LABELS)))
        unused.append(f"v{k}")
    share = -(-count // max(1, groups))
    boxes = tuple(
        ViewGroup(f"g{g}", rf"\text{{part }}{g}", tuple(n.id for n in nodes[g * share :][:share]))
        for g in range(groups)
    )
    return View(tuple(nodes), tuple(edges), direction=direction, groups=boxes)  # type: ignore[arg-type]


def chain_with_a_shared_leaf(length: int) -> View:
    """x enters every step."""
    nodes = [ViewNode("x", "x", "data"), *(ViewNode(str(k), "+") for k in range(length))]
    edges = [ViewEdge("x" if k == 0 else str(k - 1), str(k), 0, "1") for k in range(length)]
    edges += [ViewEdge("x", str(k), 1, "1") for k in range(length)]
    return View(tuple(nodes), tuple(edges))


def views() -> dict[str, View]:
    """The graphs by name."""
    found = {
        f"{count} nodes, {direction}": random_view(count, count, direction=direction)
        for count in (5, 12, 25, 60)
        for direction in ("BT", "LR")
    }
    return {
        **found,
        "three groups, BT": random_view(18, 3, 3),
        "three groups, LR": random_view(18, 3, 3, "LR"),
        "a shared leaf": chain_with_a_shared_leaf(8),
        "a leaf shared 150 times": chain_with_a_shared_leaf(150),
        "300 nodes": random_view(300, 1),
    }


def places(view: View) -> dict[str, object]:
    """Centres for people to compare, and one number for all the rest."""
    task = plan(view, measure(view, ZiamathTypesetter(None), LIGHT), LIGHT)
    found = layout_native.place(task)
    everything = [
        [f"{x:.3f} {y:.3f}" for curve in found.curves for x, y in curve],
        [rect and f"{rect.left:.3f} {rect.top:.3f}" for rect in found.labels],
        [f"{x:.3f} {y:.3f}" for x, y in found.centres],
        [f"{rect.left:.3f} {rect.bottom:.3f}" for rect in found.groups],
        list(found.ranks),
    ]
    digest = hashlib.sha256(json.dumps(everything).encode()).hexdigest()[:16]
    return {"centres": [[round(x, 1), round(y, 1)] for x, y in found.centres], "digest": digest}


def main() -> int:
    """Write the file anew."""
    document = {name: places(view) for name, view in views().items()}
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in document.items()
    )
    FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

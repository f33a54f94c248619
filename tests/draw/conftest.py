"""The two lecture diagrams that every engine must draw without a blemish."""

import pytest

from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewNode


@pytest.fixture(scope="session")
def typesetter() -> ZiamathTypesetter:
    # No font of the machine, so that every machine measures and writes the same.
    return ZiamathTypesetter(cjk_font=None)


@pytest.fixture
def hinge() -> View:
    """loss = max(1 - margin, 0), margin = score * y, score = W . phi(x)."""
    nodes = (
        ViewNode("loss", r"\max", "root", "hinge loss", r"\mathrm{loss} = 0.5", "1"),
        ViewNode("zero", "0", "constant"),
        ViewNode("slack", "-", "op", "1 - margin", "0.5", "1"),
        ViewNode("one", "1", "constant"),
        ViewNode("margin", r"\times", "op", "margin", "0.5", "-1"),
        ViewNode("score", r"\cdot", "op", "score", "0.5", "-1"),
        ViewNode("y", "y", "data", "label", "1"),
        ViewNode("W", r"\mathbf{W}", "parameter", "weights", r"(0.5,\,0)", r"(-1,\,2)"),
        ViewNode("phi", r"\phi(x)", "data", "features", r"(1,\,-2)"),
    )
    edges = (
        ViewEdge("slack", "loss", 0, r"\mathbb{1}[1-\mathrm{margin} > 0]"),
        ViewEdge("zero", "loss", 1, r"\mathbb{1}[1-\mathrm{margin} < 0]", dead=True),
        ViewEdge("one", "slack", 0, "1"),
        ViewEdge("margin", "slack", 1, "-1"),
        ViewEdge("score", "margin", 0, "y"),
        ViewEdge("y", "margin", 1, r"\mathbf{W}\cdot\phi(x)"),
        ViewEdge("W", "score", 0, r"\phi(x)"),
        ViewEdge("phi", "score", 1, r"\mathbf{W}"),
    )
    return View(nodes, edges)


@pytest.fixture
def two_layer() -> View:
    """(w_1 sigma(v_1 . phi) + w_2 sigma(v_2 . phi) - y)^2."""
    nodes = [
        ViewNode("loss", r"(\,\cdot\,)^2", "root", "squared loss", "0.25", "1"),
        ViewNode("residual", "-", "op", "residual", "0.5", "1"),
        ViewNode("y", "y", "data", "target", "1"),
        ViewNode("score", "+", "op", "score", "1.5", "1"),
        ViewNode("phi", r"\phi(x)", "data", "features", r"(1,\,-2)"),
    ]
    edges = [
        ViewEdge("residual", "loss", 0, r"2(\hat y - y)"),
        ViewEdge("score", "residual", 0, "1"),
        ViewEdge("y", "residual", 1, "-1"),
    ]
    for j in (1, 2):
        nodes += [
            ViewNode(f"product{j}", r"\cdot", "op", f"w{j} h{j}", "0.75", "1"),
            ViewNode(f"w{j}", f"w_{j}", "parameter", f"w{j}", "1.5", "0.5"),
            ViewNode(f"h{j}", r"\sigma", "op", f"h{j}", f"h_{j}", "1.5"),
            ViewNode(f"dot{j}", r"\cdot", "op", f"v{j} . phi", "0", "0.375"),
            ViewNode(f"v{j}", rf"\mathbf{{v}}_{j}", "parameter", f"v{j}", r"(0.2,\,-1)", "0.4"),
        ]
        edges += [
            ViewEdge(f"product{j}", "score", j - 1, "1"),
            ViewEdge(f"w{j}", f"product{j}", 0, f"h_{j}"),
            ViewEdge(f"h{j}", f"product{j}", 1, f"w_{j}"),
            ViewEdge(f"dot{j}", f"h{j}", 0, f"h_{j}(1-h_{j})"),
            ViewEdge(f"v{j}", f"dot{j}", 0, r"\phi(x)"),
            ViewEdge("phi", f"dot{j}", 1, rf"\mathbf{{v}}_{j}"),
        ]
    return View(tuple(nodes), tuple(edges))

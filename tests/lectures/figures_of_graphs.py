"""The figures of the lectures that are computation graphs: leaves, operations, green labels."""

from __future__ import annotations

from lectures.drawn import Drawn

__all__ = ["GRAPHS"]

#: Leaves W, φ(x), y and the numbers 1 and 0; score = W·φ(x), margin = score y, 1 - margin, max.
_HINGE = r"""
    parameter W
    data \phi(x) y
    constant 1 0
    op \cdot \cdot -
    root \max
"""

#: Seven leaves w1, v1, φ(x), w2, v2, φ(x), y; two dot products, two σ, two products, +, -, square.
_TWO_LAYERS = r"""
    parameter w_1 w_2 v_1 v_2
    op \cdot \cdot \sigma \sigma \cdot \cdot + -
    root (\cdot)^2
"""
_TWO_LAYER_EDGES = r"""
    edges v1>v1·φ(x):\phi(x) φ(x)>v1·φ(x):v_1 v1·φ(x)>h1:h_1(1-h_1)
    edges v2>v2·φ(x):\phi(x) φ(x)>v2·φ(x):v_2 v2·φ(x)>h2:h_2(1-h_2)
    edges w1>w1h1:h_1 h1>w1h1:w_1 w2>w2h2:h_2 h2>w2h2:w_2
    edges w1h1>w1h1+w2h2:1 w2h2>w1h1+w2h2:1
    edges w1h1+w2h2>residual:1 y>residual:-1 residual>loss:2residual
    values h1=h_1| h2=h_2| residual=residual| loss=loss|
"""

#: σ'(±10) = σ(10) σ(-10) = 4.5396e-5 to four digits; times c = 0.5 it is 2.27e-5.
_GATE = r"""
    data a c
    op \sigma
    root \cdot
"""


def _block(letter: str, inputs: str, operation: str, *labels: str) -> Drawn:
    """A building block: the operation above its inputs."""
    edges = " ".join(
        f"{name}>out:{label}" for name, label in zip(inputs.split(), labels, strict=True)
    )
    leaves = inputs.replace("in1", "in_1").replace("in2", "in_2")
    return Drawn(
        f"S0-19{letter}", 1 + len(labels), len(labels),
        f"""
    data {leaves}
    root {operation}
    edges {edges}
    values out=out|
""",
    )  # fmt: skip


GRAPHS: tuple[Drawn, ...] = (
    Drawn("S0-18a", 4, 3, r"""
    data in_1 in_2 in_3
    root function
    edges in1>out:\frac\partialout\partialin_1
    edges in2>out:\frac\partialout\partialin_2
    edges in3>out:\frac\partialout\partialin_3
    values out=out|
"""),
    # out = 2·1 + 2·3 = 8; the derivatives 2, in3 = 3 and in2 = 2 are the backward values as well.
    Drawn("S0-18b", 4, 3, r"""
    data in_1 in_2 in_3
    root out
    edges in1>out:2 in2>out:in_3=3 in3>out:in_2=2
    values in1=1|2 in2=2|3 in3=3|2 out=8|1
"""),
    _block("a", "in1 in2", "+", "1", "1"),
    _block("b", "in1 in2", "-", "1", "-1"),
    _block("c", "in1 in2", r"\cdot", "in_2", "in_1"),
    _block("d", "in1 in2", r"\max", "1[in_1>in_2]", "1[in_1<in_2]"),
    # σ(in) (1 - σ(in)), where out = σ(in) has a name.
    _block("e", "in", r"\sigma", "out(1-out)"),
    _block("f", "in", r"(\cdot)^2", "2in"),
    # sin 0.7 = 0.6442, exp of it 1.904496534, cos 0.7 = 0.7648421873, their product 1.456639295.
    Drawn("S0-20", 3, 2, r"""
    data in
    op \sin
    root \exp
    edges in>mid:\cos(in)=0.7648 mid>out:out=1.904
    pointed in>mid mid>out
    notes out\tomid\toin:out\cdot\cos(in)=1.904\cdot0.7648=1.457
    values in=0.7|1.457 mid=0.6442|1.904 out=1.904|1
"""),
    # Five leaves, score, margin, 1 - margin and loss: a tree of 9 nodes has 8 edges.
    Drawn("S0-21a", 9, 8, _HINGE + r"""
    edges W>score:\phi(x) φ(x)>score:W
    edges score>margin:y y>margin:score
    edges 1>1-margin:1 margin>1-margin:-1
    edges 1-margin>loss:1[margin<1] 0>loss:1[margin>1]
    values score=score| margin=margin| loss=loss|
"""),
    # W = (1, 2), φ(x) = (2, -1), y = 1: score and margin 0, loss 1, gradient (-2, 1).
    Drawn("S0-21b", 9, 8, _HINGE + r"""
    edges W>score:\phi(x)=(2,-1) φ(x)>score:W=(1,2)
    edges score>margin:y=1 y>margin:score=0
    edges 1>1-margin:1 margin>1-margin:-1
    edges 1-margin>loss:1[margin<1]=1 0>loss:1[margin>1]=0
    dead y>margin 0>loss
    values W=(1,2)|(-2,1) φ(x)=(2,-1)|(-1,-2) y=1|0
    values score=0|-1 margin=0|-1 1-margin=1|1 loss=1|1
"""),
    Drawn("S0-22", 6, 5, r"""
    parameter W
    data \phi(x) y
    op \cdot -
    root (\cdot)^2
    edges W>W·φ(x):\phi(x) φ(x)>W·φ(x):W
    edges W·φ(x)>residual:1 y>residual:-1 residual>loss:2residual
    values residual=residual| loss=loss|
"""),
    # As a tree φ(x) stands twice: 7 leaves and 9 operations; drawn once, it keeps both its edges.
    Drawn("S0-23a", 16, 15, _TWO_LAYERS + _TWO_LAYER_EDGES + r"""
    data \phi(x) \phi(x) y
"""),
    Drawn("S0-23b", 15, 15, _TWO_LAYERS + _TWO_LAYER_EDGES + r"""
    data \phi(x) y
"""),
    # f = 0.5, 0.7310585786, residual -1.962117157, loss 3.849903739; the backward values are the
    # gradients of the lecture: w (-1.962117157, -2.86884516), v1 (-0.9810585786, -1.962117157),
    # v2 (1.54310259, 3.08620518), and 2 residual = -3.924234313 on the way down.
    Drawn("S0-24", 16, 15, _TWO_LAYERS + r"""
    data \phi(x) \phi(x) y
    edges v1>v1·φ(x):\phi(x)=(1,2) φ(x)>v1·φ(x):v_1=(0.5,-0.25)
    edges v1·φ(x)>h1:h_1(1-h_1)=0.25
    edges v2>v2·φ(x):\phi(x)=(1,2) φ(x)>v2·φ(x):v_2=(-0.5,0.75)
    edges v2·φ(x)>h2:h_2(1-h_2)=0.1966
    edges w1>w1h1:h_1=0.5 h1>w1h1:w_1=1 w2>w2h2:h_2=0.7311 h2>w2h2:w_2=-2
    edges w1h1>w1h1+w2h2:1 w2h2>w1h1+w2h2:1
    edges w1h1+w2h2>residual:1 y>residual:-1 residual>loss:2residual=-3.924
    values loss=3.85|1 residual=-1.962|-3.924 w1h1+w2h2=-0.9621|-3.924 y=1|3.924
    values w1h1=0.5|-3.924 w2h2=-1.462|-3.924 w1=1|-1.962 w2=-2|-2.869
    values h1=0.5|-3.924 h2=0.7311|7.848 v1·φ(x)=0|-0.9811 v2·φ(x)=1|1.543
    values v1=(0.5,-0.25)|(-0.9811,-1.962) v2=(-0.5,0.75)|(1.543,3.086)
    values φ(x)=(1,2)|(-1.262,1.403) φ(x)=(1,2)|(-1.262,1.403)
"""),
    # σ(3) = 0.9525741268; the path through h gives 3 σ(3) (1 - σ(3)) = 0.1355299792.
    Drawn("S0-26", 3, 3, r"""
    data x
    op \sigma
    root \cdot
    edges x>out:h=0.9526 h>out:x=3 x>h:h(1-h)=0.04518
    pointed x>out h>out x>h
    notes out\tox:h=0.9526 out\toh\tox:x\cdot(h(1-h))=3\cdot0.04518=0.1355
    notes sumoverthepaths=\frac\partialout\partialx=1.088
    values x=3|1.088 h=0.9526|3 out=2.858|1
"""),
    Drawn("S0-45", 4, 3, _GATE + r"""
    edges a>sigmoid(a):\sigma(a)\odot(1-\sigma(a)) sigmoid(a)>y:c c>y:\sigma(a)
    values y=y|
"""),
    Drawn("S3-07a", 4, 3, _GATE + r"""
    edges a>sigmoid(a):\sigma(a)(1-\sigma(a))=4.54\cdot10^-5
    edges sigmoid(a)>y:c=0.5 c>y:\sigma(a)=1
    values a=10|2.27\cdot10^-5 sigmoid(a)=1|0.5 c=0.5|1 y=0.5|1
"""),
    Drawn("S3-07b", 4, 3, _GATE + r"""
    edges a>sigmoid(a):\sigma(a)(1-\sigma(a))=4.54\cdot10^-5
    edges sigmoid(a)>y:c=0.5 c>y:\sigma(a)=4.54\cdot10^-5
    values a=-10|2.27\cdot10^-5 sigmoid(a)=4.54\cdot10^-5|0.5 c=0.5|4.54\cdot10^-5
    values y=2.27\cdot10^-5|1
"""),
    # 11 leaves (six weights, the target, A and B once for each hidden unit), six products, three
    # sums, three σ, the difference, its square and the half: 26 nodes of a tree, 25 edges.
    Drawn("S4-20b", 26, 25, r"""
    parameter w_1 w_2 w_3 w_4 w_5 w_6
    data A A B B t
    op \cdot \cdot \cdot \cdot \cdot \cdot + + + \sigma \sigma \sigma - (\cdot)^2
    root /2
    edges w3>w3A:0.35 A>w3A:0.1 w4>w4B:0.9 B>w4B:0.8 w3A>net1:1 w4B>net1:1
    edges w5>w5A:0.35 A>w5A:0.4 w6>w6B:0.9 B>w6B:0.6 w5A>net2:1 w6B>net2:1
    edges net1>o1:0.2175 w1>w1o1:0.6803 o1>w1o1:0.3 w1o1>net:1
    edges net2>o2:0.2232 w2>w2o2:0.6637 o2>w2o2:0.9 w2o2>net:1
    edges net>o:0.2138 t>t-o:1 o>t-o:-1 t-o>(t-o)^2:-0.3806 (t-o)^2>E:0.5
    values E=0.0181|1 (t-o)^2=0.03621|0.5 t-o=-0.1903|-0.1903 t=0.5|-0.1903 o=0.6903|0.1903
    values net=0.8014|0.04068 w1o1=0.2041|0.04068 w2o2=0.5974|0.04068
    values w1=0.3|0.02767 w2=0.9|0.027 o1=0.6803|0.0122 o2=0.6637|0.03661
    values net1=0.755|0.002654 net2=0.68|0.008172
    values w3A=0.035|0.002654 w4B=0.72|0.002654 w5A=0.14|0.008172 w6B=0.54|0.008172
    values w3=0.1|0.0009291 w4=0.8|0.002389 w5=0.4|0.00286 w6=0.6|0.007354
    values A=0.35|0.003534 A=0.35|0.003534 B=0.9|0.007027 B=0.9|0.007027
"""),
    # margin 5 is above 1: what leads to it is dead, the way to the 0 is not.
    Drawn("S4-30b", 9, 8, _HINGE + r"""
    edges W>score:\phi(x)=(2,-1) φ(x)>score:W=(3,1)
    edges score>margin:y=1 y>margin:score=5
    edges 1>1-margin:1 margin>1-margin:-1
    edges 1-margin>loss:1[margin<1]=0 0>loss:1[margin>1]=1
    dead W>score φ(x)>score score>margin y>margin 1>1-margin margin>1-margin 1-margin>loss
    values W=(3,1)|(0,0) φ(x)=(2,-1)|(0,0) y=1|0
    values score=5|0 margin=5|0 1-margin=-4|0 loss=0|1
    legend parameter data dead
"""),
    # W'ᵀ h and Wᵀ (x1 + x2 + x3) / 3: six leaves, two transposes, two sums, two products, the
    # third, logsumexp, the dot product with the target and the difference. No leaf is shared but
    # u, which goes two ways: 16 nodes, 16 edges.
    Drawn("S4-67a", 16, 16, r"""
    parameter W W'
    data x_1 x_2 x_3 t
    op W^\mathsfT W'^\mathsfT + + \cdot /3 \cdot logsumexp \cdot
    root -
    edges x1>x1+x2:1 x2>x1+x2:1 x1+x2>x1+x2+x3:1 x3>x1+x2+x3:1
    edges W>W^T:1 W^T>W^T(x1+x2+x3):(x_1+x_2+x_3)^\mathsfT
    edges x1+x2+x3>W^T(x1+x2+x3):W^\mathsfT W^T(x1+x2+x3)>h:\frac13
    edges W'>W'^T:1 W'^T>u:h^\mathsfT h>u:W'^\mathsfT
    edges u>logsumexp(u):softmax(u) t>u·t:u u>u·t:t logsumexp(u)>E:1 u·t>E:-1
    values h=h| u=u| E=E|
"""),
)  # fmt: skip

"""The figures of the lectures that show units in layers, with a weight on every edge."""

from __future__ import annotations

from collections.abc import Sequence

from lectures.drawn import Drawn

__all__ = ["LAYERS"]

_INPUT_OUTPUT = "\n    groups inputlayer outputlayer"


def _dense(tails: str, heads: str, weight: str) -> str:
    """All edges from one layer to the next: `weight` of the unit j, to, and of i, from."""
    return "\n    edges " + " ".join(
        f"{tail}>{head}:{weight.format(j, i)}"
        for j, head in enumerate(heads.split(), 1)
        for i, tail in enumerate(tails.split(), 1)
    )


def _three(before: str = "", inside: str = "", last: str = "") -> str:
    """The captions of three layers, with the activation function of each."""
    return f"\n    groups inputlayer{before} hiddenlayer{inside} outputlayer{last}"


def _weighted(*edges: Sequence[str]) -> str:
    return "\n    edges " + " ".join(f"{tail}>{head}:{label}" for tail, head, label in edges)


_SCORE = r"""
    data \phi(x_1) \phi(x_2) \phi(x_3)
"""


def _score(of: str) -> str:
    return _dense(r"\phi(x_1) \phi(x_2) \phi(x_3)", of, "w_{1}")


#: 1, x1, x2 to each of two hidden units, and these to the output: 6 nodes, 3·2 + 2 = 8 edges.
_CARS = _dense("1 x_1 x_2", "h_1 h_2", "v_{0},{1}") + _dense("h_1 h_2", "y", "w_{1}")

#: n1 = relu(-5x - 7.7), ..., n6 = relu(5x - 5), and Z = -n1 - n2 - n3 + n4 + n5 + n6.
_SIX = [f"n_{k}" for k in range(1, 7)]
_SIX_RELUS = _weighted(
    *zip("x" * 6, _SIX, ("-5", "-1.2", "1.2", "1.2", "2", "5"), strict=True),
    *zip(_SIX, "Z" * 6, ("-1", "-1", "-1", "1", "1", "1"), strict=True),
)

LAYERS: tuple[Drawn, ...] = (
    # The threshold of each step, 0, in its circle.
    Drawn("S0-10", 6, 8, r"""
    data 1 x_1 x_2
    unit 0^h_1 0^h_2
    output y
""" + _CARS + _three()),
    Drawn("S0-14", 4, 3, _SCORE + "    output score" + _score("score") + _INPUT_OUTPUT),
    Drawn("S0-15a", 4, 3, _SCORE + "    output h" + _score("h") + _INPUT_OUTPUT + r"\sigma"),
    Drawn("S0-15b", 5, 4, _SCORE + r"""
    unit score
    output \sigma
    edges score>h
""" + _score("score") + _INPUT_OUTPUT),
    Drawn("S0-16", 6, 8, r"""
    data 1 x_1 x_2
    unit h_1 h_2
    output y
""" + _CARS + _three(inside=r"\sigma")),
    # 5·3 + 3·2 edges.
    Drawn("S0-30a", 10, 21, r"""
    data x_1 x_2 x_3 x_4 x_5
    unit h_1 h_2 h_3
    output \haty_1 \haty_2
""" + _dense("x_1 x_2 x_3 x_4 x_5", "h_1 h_2 h_3", "w_{0}{1}^(1)")
    + _dense("h_1 h_2 h_3", r"\haty_1 \haty_2", "w_{0}{1}^(2)") + _three(inside=r"\tanh")),
    # The slide counts w_{1-ij} from i to j.
    Drawn("S3-05", 6, 9, r"""
    data x_1 x_2
    unit h_1^+b_1-1 h_2^+b_1-2 h_3^+b_1-3
    output y
""" + _dense("x_1 x_2", "h_1 h_2 h_3", "w_1-{1}{0}") + _dense("h_1 h_2 h_3", "y", "w_2-{1}")
    + _three(inside=r"\sigma", last=r"\sigma")),
    *(Drawn(name, 3, 2, f"""
    data x_1 x_2
    output {threshold}^o
""" + _dense("x_1 x_2", "o", "1") + _INPUT_OUTPUT)
      for name, threshold in (("S4-03a", "1.5"), ("S4-03b", "0.5"))),
    Drawn("S4-08a", 5, 6, r"""
    data x_1 x_2
    unit 0.5^h_1 1.5^h_2
    output 0.5^y
    edges h_1>y:1 h_2>y:-1
""" + _dense("x_1 x_2", "h_1 h_2", "1") + _three()),
    Drawn("S4-08b", 4, 5, r"""
    data x_1 x_2
    unit 1.5^h
    output 0.5^y
    edges h>y:-2
""" + _dense("x_1 x_2", "h y", "1") + _three()),
    # x1 ≥ 0, x2 ≥ 0 and -x1 - x2 ≥ -1 bound the triangle; all three: their sum is above 2.5.
    Drawn("S4-09a", 6, 7, r"""
    data x_1 x_2
    unit 0^h_1 0^h_2 -1^h_3
    output 2.5^y
    edges x_1>h_1:1 x_2>h_2:1
    values x_1=0.2| x_2=0.2| h_1=1| h_2=1| h_3=1| y=1|
""" + _dense("x_1 x_2", "h_3", "-1") + _dense("h_1 h_2 h_3", "y", "1") + _three()),
    Drawn("S4-13a", 8, 12, r"""
    data x
    unit n_1^-7.7 n_2^-1.3 n_3^+1 n_4^-0.2 n_5^-1.1 n_6^-5
    output Z
""" + _SIX_RELUS + _three(inside="ReLU")),
    # 3·4 + 4·2 edges.
    Drawn("S4-15", 9, 20, r"""
    data x_1 x_2 x_3
    unit h_1 h_2 h_3 h_4
    output y_1 y_2
""" + _dense("x_1 x_2 x_3", "h_1 h_2 h_3 h_4", "w_{0}{1}^(1)")
    + _dense("h_1 h_2 h_3 h_4", "y_1 y_2", "w_{0}{1}^(2)")
    + _three(inside=r"\tanh", last=r"\sigma")),
    Drawn("S4-19", 7, 12, r"""
    data \lambda \Omega
    unit A B C
    output \alpha \beta
""" + _weighted(
        *((i, j, f"w_{j}{i}") for i in (r"\lambda", r"\Omega") for j in "ABC"),
        *((i, j, f"w_{j}{i}") for i in "ABC" for j in (r"\alpha", r"\beta")),
    ) + _three(inside=r"\sigma", last=r"\sigma")),
    Drawn("S4-20a", 5, 6, r"""
    data A B
    unit o_1 o_2
    output o
    edges A>o_1:w_3 B>o_1:w_4 A>o_2:w_5 B>o_2:w_6 o_1>o:w_1 o_2>o:w_2
""" + _three(inside=r"\sigma", last=r"\sigma")),
    # 2·4 + 4 edges, without labels: a picture of the whole.
    Drawn("S4-23", 7, 12, r"""
    data x_1 x_2
    unit h_1 h_2 h_3 h_4
    output y_1
    edges x_1>h_1 x_1>h_2 x_1>h_3 x_1>h_4 x_2>h_1 x_2>h_2 x_2>h_3 x_2>h_4
    edges h_1>y_1 h_2>y_1 h_3>y_1 h_4>y_1
""" + _three(inside=r"\tanh", last=r"\sigma")),
    # At x = 0.3: 1.2·0.3 + 1 = 1.36 and 1.2·0.3 - 0.2 = 0.16 are active, Z = -1.36 + 0.16.
    Drawn("S4-30a", 8, 12, r"""
    data x
    off n_1^-7.7 n_2^-1.3 n_5^-1.1 n_6^-5
    unit n_3^+1 n_4^-0.2
    output Z
    dead x>n_1 x>n_2 x>n_5 x>n_6 n_1>Z n_2>Z n_5>Z n_6>Z
    values x=0.3| n_1=0| n_2=0| n_3=1.36| n_4=0.16| n_5=0| n_6=0| Z=-1.2|
""" + _SIX_RELUS + _three(inside="ReLU")),
    # Undirected: each visible unit with each hidden one, w_ij of v_i and h_j.
    Drawn("S4-42", 5, 6, r"""
    data v_1 v_2 v_3
    state h_1 h_2
    groups visibleunitsv hiddenunitsh
""" + _dense("v_1 v_2 v_3", "h_1 h_2", "w_{1}{0}")),
    # 4·3 + 3·2 edges; below the two layers on top they lead down, to what is generated.
    Drawn("S4-43", 9, 18, r"""
    data v_1 v_2 v_3 v_4
    state h_1^(1) h_2^(1) h_3^(1) h_1^(2) h_2^(2)
    groups visibleunitsv hiddenunitsh_1 hiddenunitsh_2
""" + _weighted(*(
        (f"h_{j}^(1)", f"v_{i}", f"w_{i}{j}^(1)") for i in (1, 2, 3, 4) for j in (1, 2, 3)
    ))
    + _dense("h_1^(1) h_2^(1) h_3^(1)", "h_1^(2) h_2^(2)", "w_{1}{0}^(2)")),
    # 4·2 + 2·4 edges through two factors.
    Drawn("S4-45", 10, 16, r"""
    data x_1 x_2 x_3 x_4
    unit z_1 z_2
    output y_1 y_2 y_3 y_4
""" + _dense("x_1 x_2 x_3 x_4", "z_1 z_2", "w_{0}{1}")
    + _dense("z_1 z_2", "y_1 y_2 y_3 y_4", "v_{0}{1}") + _three()),
    # 2·4 + 4 edges; the mask 1, 0, 1, 0 takes the second and the fourth unit, with their edges:
    # σ(-1.2) = 0.2315 and σ(-0.3) = 0.4256 are left, and 0.2315 - 0.2·0.4256 = 0.1464.
    Drawn("S4-48", 7, 12, r"""
    data x_1 x_2
    unit h_1 h_3
    off h_2 h_4
    output y
    dead x_1>h_2 x_2>h_2 h_2>y x_1>h_4 x_2>h_4 h_4>y
    values x_1=0.5| x_2=-1| h_1=0.2315| h_2=0.7503| h_3=0.4256| h_4=0.4502| y=0.1464|
""" + _dense("x_1 x_2", "h_1 h_2 h_3 h_4", "w_{0}{1}^(1)")
    + _dense("h_1 h_2 h_3 h_4", "y", "w_1{1}^(2)") + _three(inside=r"\sigma")),
    # Three weights, each used by each of three units.
    Drawn("S4-50a", 8, 9, r"""
    data x_1 x_2 x_3 x_4 x_5
    output y_1 y_2 y_3
""" + _weighted(*((f"x_{j + k - 1}", f"y_{j}", f"w_{k}") for j in (1, 2, 3) for k in (1, 2, 3)))
    + _INPUT_OUTPUT),
)  # fmt: skip

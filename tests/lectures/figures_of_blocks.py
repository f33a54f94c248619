"""The figures of the lectures that show whole layers, feature maps and windows with numbers."""

from __future__ import annotations

import numpy as np

from lectures.drawn import Drawn

__all__ = ["BLOCKS"]

_PICTURE = ((1, 1, 1, 0, 0), (0, 1, 1, 1, 0), (0, 0, 1, 1, 1), (0, 0, 1, 1, 0), (0, 1, 1, 0, 0))
_CROSS = ((1, 0, 1), (0, 1, 0), (1, 0, 1))
_CURVE = (
    (0, 0, 0, 0, 0, 0, 30), (0, 0, 0, 0, 50, 50, 50), (0, 0, 0, 20, 50, 0, 0),
    *((0, 0, 0, 50, 50, 0, 0),) * 4,
)  # fmt: skip
_FILTER = (
    (0, 0, 0, 0, 0, 30, 0), (0, 0, 0, 0, 30, 0, 0), *((0, 0, 0, 30, 0, 0, 0),) * 4, (0,) * 7,
)  # fmt: skip


def _window(name: str, image: object, kernel: object, row: int = 0, column: int = 0) -> Drawn:
    """An image, a kernel and the map they give; the window has the weights below its numbers."""
    x, k = (np.atleast_2d(np.array(one)) for one in (image, kernel))
    h, w = k.shape
    size = tuple(a - b + 1 for a, b in zip(x.shape, k.shape, strict=True))
    found = [int((x[i : i + h, j : j + w] * k).sum()) for i, j in np.ndindex(size)]
    below = {(row + i, column + j): rf"_\times{k[i, j]}" for i, j in np.ndindex(k.shape)}
    cells = [f"{x[at]}{below.get(at, '')}" for at in np.ndindex(x.shape)]
    all_cells = [*cells, *map(str, k.flat), *map(str, found)]
    sizes = [r"\times".join(map(str, s[-np.ndim(image) :])) for s in (x.shape, k.shape, size)]
    return Drawn(name, len(all_cells) + 2, 0, rf"""
    cell {" ".join(all_cells)}
    constant \ast =
    groups input{sizes[0]} kernel{sizes[1]} featuremap{sizes[2]}
""")  # fmt: skip


#: 2 x 2 pooling of 4 x 4 numbers: what wins is underlined.
_POOLED = {
    "max": r"1 1 2 4 5 \underline6 7 \underline8 \underline3 2 1 0 1 2 3 \underline4 6 8 3 4",
    "mean": "1 1 2 4 5 6 7 8 3 2 1 0 1 2 3 4 3.25 5.25 2 2",
}


def _pool(name: str, what: str) -> Drawn:
    operation = r"\max" if what == "max" else "mean"
    return Drawn(
        name,
        16 + 4 + 1,
        0,
        rf"""
    cell {_POOLED[what]}
    constant \overset{operation}\longrightarrow
    groups input4\times4 pooled2\times2
""",
    )


def _stack(name: str, inputs: int, first: int, second: int) -> Drawn:
    """Two autoencoders, the second on the frozen code of the first, and the top on both.

    Three nodes in the first, four in the others; an arrow between neighbours, 2 + 3 + 3, and one
    to each of the three frozen copies.
    """
    read = rf"x\in\mathbbR^{inputs}"
    return Drawn(
        name,
        11,
        11,
        rf"""
    data {read} {read} {read}
    gate h_1\in\mathbbR^{first} \hatx\in\mathbbR^{inputs} h_2\in\mathbbR^{second}
    gate \hath\in\mathbbR^{first} p\in\mathbbR
    frozen h_1\in\mathbbR^{first} h_1\in\mathbbR^{first} h_2\in\mathbbR^{second}
    edges x>h_1:W_1,b_1 h_1>\hatx:V_1,c_1
    edges x>h_1:W_1,b_1 h_1>h_2:W_2,b_2 h_2>\hath:V_2,c_2
    edges x>h_1:W_1,b_1 h_1>h_2:W_2,b_2 h_2>p:u,d
    edges h_1>h_1 h_1>h_1 h_2>h_2
    groups autoencoder1 autoencoder2 outputlayer
    legend gate frozen
""",
    )


def _convolution(name: str, size: int, maps: int) -> Drawn:
    """Valid 3 x 3 convolution takes 2 from the size, pooling halves it; three classes."""
    a, p = size - 2, (size - 2) // 2
    return Drawn(
        name,
        4,
        3,
        rf"""
    data X^{size}\times{size}
    gate _^A:{maps}@{a}\times{a}
    pointwise _^P:{maps}@{p}\times{p}
    output _^z:3
    edges X>A:conv3\times3,ReLU A>P:maxpooling2\times2 P>z:full
""",
    )


BLOCKS: tuple[Drawn, ...] = (
    _stack("S0-30b", 5, 3, 2),
    _stack("S4-44", 8, 4, 2),
    _window("S0-35", _PICTURE, _CROSS),
    _window("S0-36", _CURVE, _FILTER),
    _window("S4-50b", (1, 2, 3, 4, 5), (1, 0, -1)),
    *(_window(f"S4-51{letter}", _PICTURE, _CROSS, at, at) for at, letter in enumerate("abc")),
    _pool("S0-38a", "max"),
    _pool("S0-38b", "mean"),
    _pool("S4-53a", "max"),
    _pool("S4-53b", "mean"),
    _convolution("S0-39a", 6, 2),
    Drawn("S0-39b", 4, 3, r"""
    data X^6\times6
    gate ReLU(K\star\cdot+b_K)^A:2@4\times4 W_f\cdot+b_f^z:3
    pointwise \max2\times2^P:2@2\times2
    edges X>A A>P P>z
"""),
    _convolution("S4-52", 10, 3),
    # y = ReLU(F(x) + x), F = W2 ReLU(W1 x): the way past F has the derivative I.
    Drawn("S4-37", 5, 5, r"""
    data x
    gate ReLU(W_1\cdot) W_2\cdot
    pointwise +
    module y=ReLU
    edges x>h:3 h>F:h:3 F>r:F:3 x>r:I r>y:r
"""),
    # v + tanh(v/2), five times: a half, a tangent and a sum for each block, 1 + 5·3 nodes; each
    # block has four edges, one of which goes past with the derivative 1.
    Drawn("S4-38", 16, 20, r"""
    data v
    module \cdot/2 \tanh \cdot/2 \tanh \cdot/2 \tanh \cdot/2 \tanh \cdot/2 \tanh
    pointwise + + + + +
""" + "".join(
        rf"""
    edges {before}>\cdot/2 \cdot/2>\tanh \tanh>{now} {before}>{now}:1"""
        for before, now in (("v", "v_1"), *((f"v_{k}", f"v_{k + 1}") for k in range(1, 5)))
    )),
    # 3 x 3 kernels with a border of zeros keep 8 x 8, pooling halves it twice; ten digits.
    Drawn("S4-54", 6, 5, r"""
    data image^1@8\times8
    gate _^16@8\times8 _^32@4\times4
    pointwise _^16@4\times4 _^32@2\times2
    output _^logits:10
    edges image>3\times3:conv3\times3,ReLU 3\times3>\max2\times2:maxpooling2\times2
    edges \max2\times2>3\times3:conv3\times3,ReLU 3\times3>\max2\times2:maxpooling2\times2
    edges \max2\times2>logits:full
"""),
    # 5 words of 3 numbers; kernels over 2 and 3 words leave 4 and 3 places, of which each map has
    # its greatest: 2 + 2 features, two classes. The words go two ways, which meet again.
    Drawn("S4-55", 8, 8, r"""
    data ids^5
    unit _^x:5\times3
    gate _^c_2:2\times4 _^c_3:2\times3
    op \max^2 \max^2 [\cdot,\cdot]^p:4
    output _^z:2
    edges ids>x:E[\cdot] x>c_2:conv2,\tanh x>c_3:conv3,\tanh c_2>\max c_3>\max
    edges \max>[\cdot,\cdot] \max>[\cdot,\cdot] [\cdot,\cdot]>z:full
"""),
    # Three one-hot words are added, mapped, divided by their number, and mapped to 5 scores.
    Drawn("S4-67b", 7, 6, r"""
    data x_1^5 x_2^5 x_3^5
    pointwise +
    gate W^\mathsfT\cdot^3 W'^\mathsfT\cdot^u:5
    module \cdot/3^h:3
    edges x_1>+ x_2>+ x_3>+ +>W^\mathsfT\cdot W^\mathsfT\cdot>h h>u
"""),
)  # fmt: skip

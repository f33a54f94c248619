"""The compiler's workloads: who is to be beaten, by how much (floor) and how much could be (reach).

`python -m benchmarks compiler --only w2 --scale 2` runs the contests whose key starts with w2.
"""

from __future__ import annotations

from benchmarks.contest import Contest, Goal

__all__ = ["CONTESTS"]

JAX_CALL, JAX_LOOP, GCC = ("jax call",), ("jax loop",), ("casadi-gcc call",)
XOR, MLP, RNN = "train_steps.xor:Xor", "train_steps.mlp:MLP", "train_steps.char_rnn:CharRNN"
LSTM, GRU, LENET = "train_steps.lstm:LSTM", "train_steps.gru:GRU", "train_steps.lenet:LeNet"
CBOW, SOFTMAX = "train_steps.cbow:CBOW", "train_steps.cbow:CBOWSoftmax"
ROBOTICS, SUMS = "scalars.robotics", "scalars.sums"
SCALAR_PEERS = ("sympy", "casadi-vm", "casadi-gcc", "jax")
HIDDEN_256 = {"hidden": 256, "steps": 64}
LARGE = {"inputs": 784, "hidden": (512, 256), "batch": 128}
#: All widths at least 64: the guard of 60 % of the peak is about such nets.
WIDE = {"inputs": 128, "hidden": (256, 128), "classes": 64}


def _calls(floor: float, reach: float) -> tuple[Goal, ...]:
    """A step against every peer, however that runs its steps."""
    return (Goal(floor, reach),)


def _w2(floor: float, reach: float) -> tuple[Goal, ...]:
    by_hand = Goal(1.3, 2.3, "call", ("numpy call",), "NumPy target", "symgraph-numpy")
    return (*_calls(floor, reach), by_hand)


CONTESTS = (
    Contest(
        "w1-1", "W1 XOR 2-4-1, batch 1", XOR, {"batch": 1},
        (
            Goal(50, 110, "call", JAX_CALL, "a call"),
            Goal(1.0, 1.3, "loop", JAX_LOOP, "all steps in one call"),
        ),
        ("numpy", "torch", "jax", "pytensor"),
    ),
    Contest(
        "w1-4", "W1 XOR 2-4-1, batch 4", XOR, {"batch": 4},
        (
            Goal(50, 110, "call", JAX_CALL, "a call"),
            Goal(8, 16, "loop", JAX_LOOP, "all steps in one call"),
        ),
    ),
    Contest("w2-1", "W2 MLP 64-128-64-10, batch 1", MLP, {"batch": 1}, _w2(2.0, 2.9)),
    Contest(
        "w2-32", "W2 MLP 64-128-64-10, batch 32", MLP, {"batch": 32}, _w2(1.6, 2.1),
        ("numpy", "torch", "jax", "pytensor"),
    ),
    Contest("w2-256", "W2 MLP 64-128-64-10, batch 256", MLP, {"batch": 256}, _w2(1.3, 1.7)),
    Contest("w2l", "W2L MLP 784-512-256-10, batch 128", MLP, LARGE, _calls(1.0, 1.25)),
    Contest("dense-32", "dense 128-256-128-64, batch 32", MLP, {"batch": 32} | WIDE),
    Contest("dense-128", "dense 128-256-128-64, batch 128", MLP, {"batch": 128} | WIDE),
    Contest("w3-1", "W3 tanh RNN 100, 25 steps, batch 1", RNN, {"batch": 1}, _calls(2.5, 3.8)),
    Contest("w3-32", "W3 tanh RNN, batch 32", RNN, {"batch": 32}, _calls(1.5, 2.0)),
    Contest(
        "w3l-1", "W3L tanh RNN 256, 64 steps, batch 1", RNN, {"batch": 1} | HIDDEN_256,
        _calls(1.5, 2.2),
    ),
    Contest("w3l-32", "W3L tanh RNN, batch 32", RNN, {"batch": 32} | HIDDEN_256, _calls(1.2, 1.45)),
    Contest("w4-1", "W4 LSTM 64 to 128, 50 steps, batch 1", LSTM, {"batch": 1}, _calls(1.8, 2.5)),
    Contest("w4-32", "W4 LSTM, batch 32", LSTM, {"batch": 32}, _calls(1.1, 1.45)),
    Contest("w4g-1", "W4g GRU 64 to 128, 50 steps, batch 1", GRU, {"batch": 1}),
    Contest("w4g-32", "W4g GRU, batch 32", GRU, {"batch": 32}, _calls(1.4, 2.0)),
    Contest("w5-32", "W5 LeNet, batch 32", LENET, {"batch": 32}, _calls(4, 11)),
    Contest("w6-1", "W6 CBOW, negative samples, batch 1", CBOW, {"batch": 1}, _calls(100, 260)),
    Contest("w6-32", "W6 CBOW, batch 32", CBOW, {"batch": 32}, _calls(15, 30)),
    Contest("w6-256", "W6 CBOW, batch 256", CBOW, {"batch": 256}, _calls(4, 7)),
    Contest("w6s", "W6s CBOW, full softmax, batch 32", SOFTMAX, {"batch": 32}, _calls(1.3, 2.3)),
    Contest(
        "w7-arm", "W7 arm, Jacobian 3x7", f"{ROBOTICS}:Arm", {},
        (Goal(1, 2, "call", GCC),), SCALAR_PEERS,
    ),
    Contest(
        "w7-bundle", "W7 reprojection, Jacobian 2x15", f"{ROBOTICS}:Reprojection", {},
        (Goal(1, 2, "call", GCC),), SCALAR_PEERS,
    ),
    Contest(
        "w7-product", "W7 product of 1000", f"{SUMS}:Product", {}, (), ("casadi-vm", "jax"),
    ),
    Contest(
        "w7-lj", "W7 Lennard-Jones, 50 atoms", f"{SUMS}:LennardJones", {},
        (Goal(8, 50, "call", JAX_CALL),), ("casadi-vm", "jax"),
    ),
    Contest(
        "w7-mixture", "W7 Gaussian mixture, 100 points", f"{SUMS}:Mixture", {},
        (Goal(8, 50, "call", JAX_CALL),), ("casadi-vm", "jax"),
    ),
)  # fmt: skip

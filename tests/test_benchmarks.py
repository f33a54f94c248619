"""The workloads of the benchmarks mean the same in symgraph as written by hand."""

import platform
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler

from benchmarks.compiler import CONTESTS, MLP as MLP_NAME
from benchmarks.contest import Contest, mistake
from benchmarks.measure import share
from benchmarks.profile import Reader, changed, clocked, missed, profile
from benchmarks.report import contest_table
from benchmarks.scalars.robotics import Arm, Reprojection
from benchmarks.scalars.sums import LennardJones, Mixture, Product
from benchmarks.sizes import chosen, sizes_table
from benchmarks.systems import by_numpy, by_symgraph
from benchmarks.systems.trainer import tables
from benchmarks.train_steps.cbow import CBOW, CBOWSoftmax
from benchmarks.train_steps.char_rnn import CharRNN
from benchmarks.train_steps.gru import GRU
from benchmarks.train_steps.lenet import LeNet
from benchmarks.train_steps.lstm import LSTM
from benchmarks.train_steps.mlp import MLP
from benchmarks.train_steps.xor import Xor
from benchmarks.worker import named

STEPS = [
    Xor(batch=3, hidden=3),
    MLP(batch=2, inputs=5, hidden=(4, 3), classes=3, activation="tanh"),
    MLP(batch=5, inputs=3, hidden=(2,), classes=4, activation="sigmoid", free=False),
    MLP(batch=4, inputs=5, hidden=(4,), classes=3, activation="softplus"),
    LeNet(batch=2, side=14, channels=(2, 3), window=3, classes=4, activation="elu"),
    CharRNN(batch=2, words=7, hidden=3, steps=4),
    LSTM(batch=2, inputs=3, hidden=2, steps=4, classes=3),
    GRU(batch=1, inputs=2, hidden=3, steps=3, classes=2),
    LeNet(batch=2, side=14, channels=(2, 3), window=3, classes=4),
    CBOW(batch=3, words=9, features=4, context=2, negatives=3),
    CBOWSoftmax(batch=3, words=9, features=4, context=2),
]
FORMULAS = [
    Arm(joints=3), Reprojection(), Product(count=4), LennardJones(atoms=3),
    Mixture(points=3, parts=2),
]  # fmt: skip


@pytest.mark.parametrize("work", STEPS, ids=lambda work: type(work).__name__)
def test_three_steps_change_parameters_as_gradients_written_by_hand_do(work: Any) -> None:
    start, _ = tables(work, "float64")
    found = []
    for system in (by_symgraph, by_numpy):
        trainer = system.train(work, "float64", "numpy")
        trainer.restart(start, work.rule.rate)
        losses = [float(trainer.modes["call"](1)) for _ in range(3)]
        found.append((losses, {name: np.array(p) for name, p in trainer.parameters().items()}))
    (ours, now), (theirs, right) = found
    assert ours == pytest.approx(theirs, rel=1e-10)
    for name, value in right.items():
        moved = np.abs(value - start[name]).max()
        assert np.abs(now[name] - value).max() <= 1e-8 * moved, name
        assert moved > 0


@pytest.mark.parametrize("work", FORMULAS, ids=lambda work: type(work).__name__)
def test_a_jacobian_of_plain_sympy_agrees_with_complex_steps(work: Any) -> None:
    ours = by_symgraph.evaluate(work, "float64", "numpy").results()
    right = by_numpy.evaluate(work, "float64", "").results()
    assert ours == pytest.approx(right, rel=1e-11, abs=1e-11 * np.abs(right).max())


def test_sizes_are_multiplied_and_classes_stay() -> None:
    assert MLP().scaled(0.5) == MLP(inputs=32, hidden=(64, 32))


def test_a_ratio_is_taken_round_by_round() -> None:
    assert share([4.0, 2.0, 9.0], [2.0, 2.0, 3.0]) == (2.0, 1.0, 3.0)


def test_the_table_says_which_floors_are_missed() -> None:
    goal = {"floor": 2.0, "reach": 3.0, "title": "", "best": "jax call", "low": 1.4, "high": 1.6}
    contest = {
        "title": "W0", "dtype": "float64", "scale": 2, "cores": 1, "sizes": {"activation": "tanh"},
        "flops": 3e6, "of_peak": None, "times": {"symgraph call": {"median": 1e-3}},
        "goals": [goal | {"ratio": 1.5}, goal | {"ratio": 2.5}],
    }  # fmt: skip
    first, second = contest_table([contest]).splitlines()[2:]
    assert first.startswith("| W0 (activation tanh, float64, sizes x2) | 1000 |")
    assert "1.5 (1.4 to 1.6) MISSED | 2 | 3 |" in first
    assert "2.5 (1.4 to 1.6) | 2 | 3 |" in second


@needs_c_compiler
def test_clocks_stand_around_every_product_and_loop_and_change_no_line() -> None:
    program = by_symgraph.program(CharRNN(batch=2, words=7, hidden=3, steps=4), "float32", "cython")
    text = program.source
    timed, blocks = clocked(text)

    added = [line for line in timed.split("\n") if "sg_least" not in line and "rdtsc" not in line]
    assert added == text.split("\n")
    assert sum("->lib->gemm" in block.lines[0] for block in blocks) == text.count("f->lib->gemm")
    assert len({block.over_time for block in blocks}) == 3  # forward, backward, and outside of both


@needs_c_compiler
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the clock is of x86")
def test_a_profile_has_the_time_of_every_product_of_a_step() -> None:
    sizes = {"batch": 3, "inputs": 5, "hidden": (4, 6), "classes": 3}
    limits: Any = SimpleNamespace(itemsize=4, product=1, divide=1, root=1, byte=float, tick=1e-9)
    parts, step = profile(Contest("tiny", "a net", MLP_NAME, sizes), limits)

    assert sum("@" in part.name for part in parts) == 8
    assert all(part.least > 0 for part in parts if "@" in part.name)
    assert parts == sorted(parts, key=lambda part: -part.seconds)
    assert step > 0


def test_the_least_time_of_a_block_is_that_of_what_bounds_it() -> None:
    limits: Any = SimpleNamespace(
        itemsize=4, product=1, divide=10, root=30, byte=lambda size: 1 / 100
    )
    text = """
static i64 step_1(const sg_frame *f)
{
    f->lib->gemm_f32(n1, 20, 30, x1, 30, 1, p1, 20, 1, h1, 20, 1, 0);  /* x @ W */
    for (i64 i0 = 0; i0 < n1; i0++) {
        SG_INDEPENDENT
        for (i64 i1 = 0; i1 < 5*n1; i1++) {
            const float v1 = h1[i0] / sg_sqrt(h1[i1]);  /* a / b */
            h2[i0 * 5 + i1] = v1;
        }
    }
    for (i64 i0 = 0; i0 < 7; i0++) {
        y1[i0] = h2[i0];
    }
    for (i64 i0 = 0; i0 < 3; i0++) {
        f->lib->dots_f32(4, 5, 6*n1, 2, d6, 64*n1, c7, h3, c3, c8, d11, 600, k2, 0);
    }
    for (i64 i0 = 0; i0 < n1; i0++) {
        f->lib->sparse_f32(4, 5, 8, 3, c4, 8, c5, k6, k3, d7, k5, k4, 1);  /* d, of 1 entry in 4 */
    }
}"""
    blocks = clocked(text)[1]
    reader = Reader(blocks, 2, limits)

    text = """
static void step_shared_1(const sg_frame *f, float *const a1, const i64 m1)
{
    const float q1 = 1 / a1[0];
    for (i64 i0 = 0; i0 < m1; i0++) {
        const float v1 = q1 / a1[i0];  /* the first */
    }
}

static i64 step_1(const sg_frame *f)
{
    step_shared_1(f, h1, 50*n1);  /* 1/h; 1/h + 1 */
}"""
    (shared,) = clocked(text)[1]
    assert shared.name == "1/h to 1/h + 1"
    assert reader.sizes(shared) == [100]
    assert reader.bytes(shared) == 400
    assert reader.least(shared) == (100 * 10, "divisions and roots")
    assert [block.name for block in blocks[:2]] == ["x @ W", "a / b"]
    assert reader.least(blocks[0]) == (2 * 2 * 20 * 30, "multiply-adds")
    assert reader.least(blocks[1]) == (2 * 10 * (10 + 30), "divisions and roots")
    assert reader.least(blocks[2]) == (pytest.approx(7 * 2 * 4 / 100), "memory")
    assert reader.least(blocks[3]) == (2 * 3 * 4 * 5 * (6 * 2) * 2, "multiply-adds")
    assert reader.least(blocks[4]) == (2 * 2 * 4 * 5 * 8 * 3 / 4, "multiply-adds")


def test_a_contest_that_misses_its_floor_in_one_round_is_profiled() -> None:
    def result(low: float, best: str | None = "jax loop") -> dict[str, Any]:
        return {"goals": [{"best": best, "ratio": 1.9, "low": low, "floor": 1.8}]}

    contests = {"w4-1": result(1.7), "w4-32": result(1.85), "w5-32": result(1.7, None)}

    assert [contest.key for contest in missed({"contests": contests}, [])] == ["w4-1"]
    assert [contest.key for contest in missed({"contests": contests}, ["w4-3"])] == ["w4-32"]


def test_the_change_that_is_the_farthest_below_its_bound_is_profiled() -> None:
    def row(ratio: float | None, least: float | None) -> dict[str, Any]:
        return {"ratio": ratio, "least": least, "best": "torch call", "seconds": 2.0}

    sizes = {
        "w5-32 x2": [row(3.0, 3.2)], "w5-32 x4": [row(2.0, 3.2)], "w5-32 tanh": [row(5.0, 3.2)],
        "w5-32 float64": [row(1.0, None)], "w5-32 x0.5": [row(None, 3.2)],
    }  # fmt: skip
    ((contest, told),) = changed({"sizes": sizes}, [])

    assert contest.title == "W5 LeNet, batch 32: x4"
    assert contest.sizes == {"batch": 32, "scale": 4.0}
    assert told["goals"] == [{"best": "torch call", "floor": 3.2}]
    assert told["times"] == {"torch call": {"median": 4.0}}
    assert changed({"sizes": sizes}, ["w6"]) == []


def test_every_floor_of_a_train_step_is_held_at_other_sizes() -> None:
    pairs = list(chosen(()))
    tried = {contest.key for contest, _ in pairs}
    steps = {c.key for c in CONTESTS if c.goals and c.work.startswith("train_steps")}

    assert tried >= steps
    assert len({(contest.key, change.title) for contest, change in pairs}) == len(pairs)
    for contest, change in pairs:
        named(contest.work, {**contest.sizes, **change.sizes, "scale": change.scale})
    for key in steps:
        scales = {change.scale for contest, change in pairs if contest.key == key}
        assert {0.5, 2.0} <= scales, key


def test_the_table_of_sizes_says_which_ratios_are_too_small() -> None:
    row = {
        "title": "net", "change": "x2", "best": "jax loop", "ratio": 1.5, "low": 1.4, "high": 1.6,
        "seconds": 1e-5, "absent": {},
    }  # fmt: skip
    lines = sizes_table([
        row | {"least": 1.6}, row | {"least": 1.2}, row | {"least": None},
        row | {"least": 1.2, "ratio": None, "absent": {"jax": "is wrong"}},
    ]).split("\n")[2:]  # fmt: skip

    assert [line.split("|")[-2].strip() for line in lines] == ["MISSED", "ok", "", "not measured"]
    assert "jax is wrong" in lines[-1]


# --- who computes what it should -----------------------------------------------------------------

ALLOWED = {"losses": 1e-4}


def off(*sizes: float) -> list[dict[str, float]]:
    return [{"losses": size} for size in sizes]


def test_a_system_must_be_within_the_tolerance_where_the_others_are() -> None:
    (own,) = off(2e-4)
    assert mistake(own, off(1e-6, 3e-6, 2e-6), ALLOWED) == "is wrong: losses is off by 2.0e-04"
    assert mistake({"losses": 9e-5}, off(1e-6, 3e-6, 2e-6), ALLOWED) == ""


def test_a_system_may_be_off_as_the_others_are_where_roundings_grow() -> None:
    assert mistake({"losses": 1.9e-4}, off(2e-4, 2.6e-4, 4e-4), ALLOWED) == ""
    assert mistake({"losses": 9e-4}, off(2e-4, 2.6e-4, 4e-4), ALLOWED)
    assert mistake({"losses": 1.9e-4}, off(4e-4), ALLOWED)  # one other says nothing


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.5])
def test_what_is_wrong_in_others_excuses_nothing(wrong: float) -> None:
    assert mistake({"losses": wrong}, off(2e-4, 2e-4, 3e-4), ALLOWED)
    assert mistake({"losses": 3e-3}, off(wrong, wrong, wrong), ALLOWED)
    assert mistake({"losses": 5e-5}, off(wrong, wrong, wrong), ALLOWED) == ""

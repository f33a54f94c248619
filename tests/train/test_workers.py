"""Training on several workers: the numbers of one process, the same on each of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from train.worker_threads import ThreadWorker, WorkerAborted, run_workers

import symgraph as sg
from symgraph.errors import (
    KindError,
    NonFiniteError,
    RangeError,
    UnsupportedError,
    WorkerError,
)

ROWS = 29  # 29 = 3 * 8 + 5: the last batch is smaller, and no batch is a multiple of 4 workers
_draw = np.random.default_rng(3)
X = _draw.normal(size=(ROWS, 5))
LABELS = _draw.integers(0, 3, ROWS)
IMAGES = _draw.normal(size=(ROWS, 2, 6, 6))
SEQUENCES = _draw.normal(size=(ROWS, 4, 3))
WORDS = _draw.integers(0, 7, (ROWS, 4))

Made = tuple[sg.Model, dict[str, Any]]


def labels() -> sg.Node:
    return sg.input("y", "N", kind="integer")


def classifier(z: sg.Node, inputs: list[sg.Node], target: str, extra: Any = 0) -> sg.Model:
    y = labels()
    hits = sg.equal(sg.argmax(z, axis=1), y)
    return sg.Model(
        sg.mean(sg.cross_entropy(z, y)) + extra, [*inputs, y], outputs={"z": z},
        metrics={"accuracy": sg.mean(sg.indicator(hits)), "hits": sg.sum(sg.indicator(hits))},
        target=target,
    )  # fmt: skip


def perceptron(target: str) -> Made:
    x = sg.input("x", ("N", 5))
    z = sg.nn.dense(sg.nn.dense(x, 7, "h", "tanh"), 3, "z")
    return classifier(z, [x], target), {"x": X, "y": LABELS}


def penalised(target: str) -> Made:
    x, w = sg.input("x", ("N", 5)), sg.parameter("W", (5, 3))
    extra = 0.1 * sg.squared_norm(w) + 0.01 * sg.sum(sg.abs(w))
    return classifier(x @ w, [x], target, extra), {"x": X, "y": LABELS}


def normalised(target: str) -> Made:
    x = sg.input("x", ("N", 5))
    # no bias: its gradient would be rounding alone, which Adam makes steps of
    h = sg.nn.batch_norm(x @ sg.parameter("W1", (5, 6)), name="bn1")
    h = sg.nn.batch_norm(sg.relu(h) @ sg.parameter("W2", (6, 4)), name="bn2")
    return classifier(sg.nn.dense(h, 3, "z"), [x], target), {"x": X, "y": LABELS}


def dropped(target: str) -> Made:
    x = sg.input("x", ("N", 5))
    h = sg.dropout(sg.nn.dense(x, 9, "h", "relu"), 0.4)
    return classifier(sg.nn.dense(h, 3, "z"), [x], target), {"x": X, "y": LABELS}


def convolution(target: str) -> Made:
    x = sg.input("x", ("N", 2, 6, 6))
    h = sg.max_pool2d(sg.relu(sg.nn.conv2d(x, 3, 3, "c")), 2)
    z = sg.nn.dense(sg.nn.flatten(h), 3, "z")
    return classifier(z, [x], target), {"x": IMAGES, "y": LABELS}


def recurrent(cell: Callable[..., Any]) -> Callable[[str], Made]:
    def make(target: str) -> Made:
        x = sg.input("x", ("T", "N", 3))
        final = cell(x, 4, "r").final
        h = final["h"] if isinstance(final, dict) else final
        data = {"x": np.ascontiguousarray(SEQUENCES.swapaxes(0, 1)), "y": LABELS}
        return classifier(sg.nn.dense(h, 3, "z"), [x], target), data

    return make


def tagging(target: str) -> Made:
    """One label for each moment, padded sequences with weights, an embedding."""
    words, tags = (sg.input(name, ("N", "T"), kind="integer") for name in ("words", "tags"))
    weights = sg.input("weights", ("N", "T"))
    h = sg.nn.embedding(words, 7, 5, "e")
    z = sg.nn.dense(h, 7, "z")
    each = sg.cross_entropy(z, tags)
    loss = sg.sum(weights * each) / sg.sum(weights)
    data = {"words": WORDS, "tags": np.roll(WORDS, 1, axis=1), "weights": np.abs(SEQUENCES[..., 0])}
    return sg.Model(loss, [words, tags, weights], target=target), data


def flattened(target: str) -> Made:
    """Samples and moments as one axis, and numbers that depend on both sizes."""
    x, y = sg.input("x", ("N", "T", 3)), sg.input("y", ("N", "T"))
    z = sg.reshape(x, (-1, 3)) @ sg.parameter("w", 3) + sg.parameter("b")
    loss = sg.mean((z - sg.reshape(y, -1)) ** 2)
    return sg.Model(loss, [x, y], target=target), {"x": SEQUENCES, "y": SEQUENCES[..., 0] + 1}


def tied(target: str) -> Made:
    x, w = sg.input("x", ("N", 5)), sg.parameter("W", (5, 3))
    again = sg.tanh(x @ w) @ sg.transpose(w)
    return sg.Model(sg.mean((again - x) ** 2), [x], target=target), {"x": X}


def positions(target: str) -> Made:
    """Every sample has its number in the batch."""
    x, w = sg.input("x", ("N", 5)), sg.parameter("w", 5)
    loss = sg.mean((x @ w - 0.1 * sg.arange("N")) ** 2)
    return sg.Model(loss, [x], target=target), {"x": X}


NETWORKS: dict[str, Callable[[str], Made]] = {
    "perceptron": perceptron, "penalised": penalised, "batch norm": normalised,
    "dropout": dropped, "convolution": convolution, "lstm": recurrent(sg.nn.lstm),
    "gru": recurrent(sg.nn.gru), "tagging": tagging,
    "flattened": flattened, "tied": tied, "positions": positions,
}  # fmt: skip

SETTINGS: dict[str, Any] = {
    "optimizer": sg.optim.Adam(0.01), "epochs": 3, "batch_size": 8, "seed": 5, "progress": False
}  # fmt: skip


def values_of(model: sg.Model) -> dict[str, np.ndarray]:
    named = {**model.parameters, **{f"state {k}": v for k, v in model.states.items()}}
    return {name: array.copy() for name, array in named.items()}


def fitted(
    made: Made, communicator: ThreadWorker | None = None, **given: Any
) -> tuple[dict[str, np.ndarray], dict[str, list[Any]]]:
    model, data = made
    history = model.fit(data, **{**SETTINGS, **given}, communicator=communicator)
    return values_of(model), history.to_dict()


def check_workers(make: Callable[[], Made], count: int, **given: Any) -> None:
    """All workers end with the same bits, and where one process ends."""
    values, measured = fitted(make(), **given)
    found = run_workers(count, lambda worker: fitted(make(), worker, **given))
    for one in found:
        if isinstance(one, BaseException):
            raise one
    for name, expected in values.items():
        np.testing.assert_allclose(found[0][0][name], expected, rtol=0, atol=1e-12, err_msg=name)
        for other, _ in found[1:]:
            np.testing.assert_array_equal(other[name], found[0][0][name])
    for name, numbers in measured.items():
        np.testing.assert_allclose(found[0][1][name], numbers, rtol=1e-12, atol=1e-12)
        for _, other in found[1:]:
            assert other[name] == found[0][1][name]


@pytest.mark.parametrize("name", NETWORKS)
def test_workers_end_where_one_process_ends(name: str):
    check_workers(lambda: NETWORKS[name]("numpy"), 2)


@pytest.mark.parametrize("name", ["perceptron", "batch norm", "dropout", "lstm", "tagging"])
def test_native_workers_end_where_one_process_ends(name: str):
    check_workers(lambda: NETWORKS[name]("cython"), 2)


@pytest.mark.parametrize("count", [1, 3, 4])
def test_batches_may_have_fewer_samples_than_there_are_workers(count: int):
    check_workers(lambda: normalised("numpy"), count, batch_size=7)  # the last batch has one


# --- what cannot be divided ---------------------------------------------------------------------


def test_a_value_that_compares_samples_is_named():
    x, w = sg.input("x", ("N", 5)), sg.parameter("W", (5, 3))
    alike = sg.let("alike", (x @ w) @ sg.transpose(x @ w))
    model = sg.Model(sg.mean(alike**2), [x])
    with pytest.raises(UnsupportedError, match=r"cannot be computed by several workers: it comp"):
        fitted((model, {"x": X}), *run_workers(1, lambda worker: worker))


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (lambda x: sg.max(x), "takes the max over all samples"),
        (lambda x: sg.mean((x[1:] - x[:-1]) ** 2), "reads samples by their position"),
        (lambda x: sg.mean(sg.flip(x, 0) * x), "reads samples by their position"),
        (lambda x: sg.mean(x[0]), "reads samples by their position"),
        (lambda x: sg.mean(sg.normal(sg.key(), (3, "N")) * x[:, :3].T), "have to be their first"),
    ],
)
def test_what_needs_other_samples_is_refused_with_the_reason(loss: Any, reason: str):
    x, w = sg.input("x", ("N", 5)), sg.parameter("w", 5)
    model = sg.Model(loss(x * w), [x])
    with pytest.raises(UnsupportedError, match=reason):
        fitted((model, {"x": X}), *run_workers(1, lambda worker: worker))


def test_a_model_without_samples_is_refused():
    w = sg.parameter("w", 3, init=1.0)
    with pytest.raises(UnsupportedError, match="no size of the inputs counts samples"):
        fitted((sg.Model(sg.sum(w**2), []), {}), *run_workers(1, lambda worker: worker))


def test_what_is_no_communicator_is_refused():
    model, data = perceptron("numpy")
    with pytest.raises(KindError, match="communicator is 4"):
        model.fit(data, communicator=4)


# --- what goes with training --------------------------------------------------------------------


def test_validation_callbacks_and_clipping_are_those_of_one_process():
    lowered = 0.002

    def make() -> dict[str, Any]:
        def slower(model: sg.Model, history: sg.History) -> bool:
            model.learning_rate = lowered
            return len(history.epochs) == 2

        return {
            "validation": 0.3, "callbacks": [slower], "clip_norm": 0.2, "clip_value": 0.1,
            "optimizer": sg.optim.Nesterov(0.05, weight_decay=0.01),
        }  # fmt: skip

    alone, measured = fitted(perceptron("numpy"), **make())
    found = run_workers(3, lambda worker: fitted(perceptron("numpy"), worker, **make()))
    assert found[0][1]["epoch"] == [1, 2]
    assert found[0][1].keys() == measured.keys()
    for one in found:
        np.testing.assert_allclose(one[1]["val_loss"], measured["val_loss"], rtol=1e-12)
        for name, expected in alone.items():
            np.testing.assert_allclose(one[0][name], expected, rtol=0, atol=1e-12)


def test_workers_take_their_samples_of_batches_that_come_one_after_another():
    def batches() -> list[dict[str, Any]]:
        return [{"x": X[at : at + 6], "y": LABELS[at : at + 6]} for at in range(0, ROWS, 6)]

    check_workers(lambda: (dropped("numpy")[0], batches()), 2)


def test_single_precision_workers_agree_within_its_rounding():
    def make() -> Made:
        x, y = sg.input("x", ("N", 5)), sg.input("y", "N")
        loss = sg.mean((x @ sg.parameter("w", 5) - y) ** 2)
        return sg.Model(loss, [x, y], dtype="float32"), {"x": X, "y": X.sum(axis=1)}

    alone, _ = fitted(make())
    found = run_workers(2, lambda worker: fitted(make(), worker))
    np.testing.assert_allclose(found[0][0]["w"], alone["w"], rtol=1e-5)
    np.testing.assert_array_equal(found[0][0]["w"], found[1][0]["w"])


def test_a_training_goes_on_with_another_number_of_workers():
    whole, _ = fitted(perceptron("numpy"), epochs=4)

    def work(worker: ThreadWorker) -> dict[str, np.ndarray]:
        model, data = perceptron("numpy")
        model.fit(data, **{**SETTINGS, "epochs": 2})
        model.fit(data, **{**SETTINGS, "epochs": 4}, resume=True, communicator=worker)
        return values_of(model)

    for found in run_workers(2, work):
        for name, expected in whole.items():
            np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12)


def test_the_first_worker_keeps_checkpoints_from_which_any_number_go_on(tmp_path: Any):
    class Counting:
        """A callback with a memory."""

        def __init__(self) -> None:
            self.seen = 0

        def __call__(self, model: sg.Model, history: sg.History) -> None:
            self.seen += 1

        def state(self) -> dict[str, Any]:
            return {"seen": self.seen}

        def take_up(self, state: dict[str, Any]) -> None:
            self.seen = int(state["seen"])

    def run(worker: ThreadWorker | None, epochs: int) -> tuple[dict[str, Any], Any, int]:
        counting = Counting()
        values, history = fitted(
            perceptron("numpy"), worker, checkpoint=tmp_path / "run", resume=True, epochs=epochs,
            callbacks=[counting],
        )  # fmt: skip
        return values, history, counting.seen

    whole, measured = fitted(perceptron("numpy"), epochs=5)
    run_workers(2, lambda worker: run(worker, 2))
    run_workers(3, lambda worker: run(worker, 4))
    for values, history, seen in run_workers(2, lambda worker: run(worker, 5)):
        assert history["epoch"] == measured["epoch"]
        assert seen == 5
        np.testing.assert_allclose(history["loss"], measured["loss"], rtol=1e-12)
        for name, expected in whole.items():
            np.testing.assert_allclose(values[name], expected, rtol=0, atol=1e-12)


def test_workers_keep_checkpoints_in_the_middle_of_an_epoch(tmp_path: Any):
    whole, _ = fitted(perceptron("numpy"), epochs=2)
    found = run_workers(
        2,
        lambda worker: fitted(
            perceptron("numpy"), worker, checkpoint=tmp_path / "run", every="3 steps", epochs=2
        ),
    )
    for name, expected in whole.items():
        np.testing.assert_allclose(found[1][0][name], expected, rtol=0, atol=1e-12)
    kept = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert kept == ["step-000000006.safetensors", "step-000000008.safetensors"]


def test_only_sums_travel_between_workers():
    """Gradients, the loss, one for both metrics, and one number for Ctrl-C, each step."""
    model, data = perceptron("numpy")
    setup = run_workers(2, lambda worker: _bytes(worker, data, 0))[0]
    counted = run_workers(2, lambda worker: _bytes(worker, data, 1))[0]
    numbers = sum(array.size for array in model.parameters.values())
    steps = 4
    end = 8 * (2 + 1)  # whether one has failed, whether one has stopped
    assert counted - setup == steps * 8 * (numbers + 3) + end


def _bytes(worker: ThreadWorker, data: dict[str, Any], epochs: int) -> int:
    fitted((perceptron("numpy")[0], data), worker, epochs=epochs)
    worker.room.barrier.wait()
    return worker.room.bytes


# --- when one of them fails ---------------------------------------------------------------------


def test_workers_with_different_settings_stop_before_the_first_step():
    def work(worker: ThreadWorker) -> Any:
        model, data = perceptron("numpy")
        return fitted((model, data), worker, batch_size=8 + worker.rank)

    for error in run_workers(2, work):
        assert isinstance(error, WorkerError)
        assert "worker 1 of 2 has another model, data or setting than worker 0" in str(error)


def test_each_worker_looks_at_its_own_samples_and_all_hear_of_bad_ones():
    bad = X.copy()
    bad[20, 3] = np.nan
    _, data = perceptron("numpy")
    found = run_workers(
        2, lambda worker: fitted((perceptron("numpy")[0], {**data, "x": bad}), worker)
    )
    assert isinstance(found[0], WorkerError)
    assert "its data and settings: worker 1 of 2 has failed" in str(found[0])
    assert isinstance(found[1], NonFiniteError)
    assert "'x' hold nan at (20, 3)" in str(found[1])
    wrong = {**data, "y": np.where(np.arange(ROWS) == 25, 9, LABELS)}
    found = run_workers(2, lambda worker: fitted((perceptron("numpy")[0], wrong), worker))
    assert isinstance(found[0], WorkerError | RangeError)
    assert isinstance(found[1], RangeError)
    assert "25" in str(found[1])


def test_a_worker_whose_callback_fails_stops_the_others():
    def work(worker: ThreadWorker) -> Any:
        def fails(model: sg.Model, history: sg.History) -> None:
            if worker.rank == 1 and len(history.epochs) == 2:
                raise ValueError("the disk of this machine")

        return fitted(perceptron("numpy"), worker, callbacks=[fails])

    first, second = run_workers(2, work)
    assert isinstance(first, WorkerError)
    assert "the end of epoch 2: worker 1 of 2 has failed" in str(first)
    assert isinstance(second, ValueError)


def test_a_worker_that_breaks_between_the_sums_ends_them_all(capsys: Any):
    def work(worker: ThreadWorker) -> Any:
        sum_, count = worker.sum_, [0]

        def breaking(array: np.ndarray) -> None:
            count[0] += 1
            if worker.rank == 1 and count[0] == 6:
                raise MemoryError("no more")
            sum_(array)

        worker.sum_ = breaking  # type: ignore[method-assign]
        return fitted(perceptron("numpy"), worker)

    found = run_workers(2, work)
    assert all(isinstance(one, WorkerAborted) for one in found)
    assert "MemoryError" in capsys.readouterr().err
    assert "worker 1 of 2 ends the training: MemoryError: no more" in str(found[1])


def test_numbers_that_are_not_finite_stop_all_workers_at_the_same_step():
    def work(worker: ThreadWorker) -> Any:
        x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
        model = sg.Model(sg.mean((w * x) ** 4), [x])
        data = {"x": np.linspace(1, 2, 12)}
        try:
            model.fit(
                data, optimizer=sg.optim.SGD(50.0), epochs=9, batch_size=4, communicator=worker
            )
        except NonFiniteError as error:
            return str(error), float(model.parameters["w"])
        return None

    first, second = run_workers(2, work)
    assert first == second
    assert "epoch" in first[0]
    assert np.isfinite(first[1])

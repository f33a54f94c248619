"""Exported graphs in onnxruntime, against the value of every primitive by its definition."""

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from numeric import evaluate
from primitive_samples import SAMPLES
from random_graphs import random_case

import symgraph as sg
from symgraph import zoo
from symgraph.node import Claim
from symgraph.ops.leaves import Random
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.walks import reachable, variables

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

GENERATOR = np.random.default_rng(5)
TOLERANCE = {"float64": 1e-12, "float32": 1e-6}
# Sums over numbers that are all positive, in another order.
LOOSE = {"float64": 1e-12, "float32": 5e-6}
# Of these onnxruntime has kernels for float32 alone.
NARROW = {
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Sinh", "Tan", "Mod",
}  # fmt: skip


def ran(model, feed):
    session = runtime.InferenceSession(
        model.SerializeToString(),
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["MatMulScaleFusion"],  # it makes float32 of a factor in float64
    )
    return session.run(None, feed)


def check(args, outputs, values, dtype, within=None):
    """The exported outputs have the numbers that the graph means on these values."""
    model = sg.to_onnx(args, outputs, dtype=dtype)
    if dtype == "float64" and NARROW & set(operations(model.graph)):
        dtype, model = "float32", sg.to_onnx(args, outputs, dtype="float32")
    widths = {"real": dtype, "integer": "int64", "boolean": "bool"}
    arrays = [np.asarray(v, widths[a.kind]) for a, v in zip(args, values, strict=True)]
    feed = dict(zip((place.name for place in model.graph.input), arrays, strict=True))

    found = ran(model, feed)

    expected = evaluate(outputs, dict(zip(args, arrays, strict=True)))
    for node, one, other in zip(outputs, found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == widths[node.kind]
        scale = max(1.0, float(np.abs(other).max(initial=0.0)))
        limit = within if within and dtype == "float32" else LOOSE[dtype]
        np.testing.assert_allclose(one, other, 0, limit * scale)


def operations(graph):
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from operations(attribute.g)


def is_sayable(nodes):
    return not any(isinstance(n, Random | Det | Inv | LogDet | Solve) for n in everything(nodes))


def everything(nodes):
    found = list(reachable(nodes))
    for node in found:
        if node.is_loop:
            yield from everything(node.body.nexts)
    yield from found


EVERY = {f"{kind} {one.title}": one for kind, listed in SAMPLES.items() for one in listed}
# A loop has no value of its own, and this number comes with nothing that has the size.
del EVERY["Fill size"]
EVERY = {name: one for name, one in EVERY.items() if not one.node.is_loop}


@pytest.mark.parametrize("name", EVERY)
def test_every_primitive_has_the_same_value(name):
    sample = EVERY[name]
    if not is_sayable([sample.node]):
        with pytest.raises(sg.UnsupportedError, match=r"to_onnx: .* cannot be exported"):
            sg.to_onnx(list(variables([sample.node])), [sample.node])
        return
    args = [node for node in sample.values if node in reachable([sample.node])]
    check(args, [sample.node], [sample.values[a] for a in args], "float64")


@pytest.mark.parametrize("seed", range(30))
def test_graphs_of_random_operations_and_their_gradients_have_the_same_values(seed):
    case = random_case(seed)
    if is_sayable(case.outputs):
        check(list(case.values), case.outputs, list(case.values.values()), "float64")


def nodes_of(made):
    """The nodes in what a system of the zoo is made of."""
    stack, found = [made], {}
    while stack:
        one = stack.pop()
        if isinstance(one, sg.Node):
            found[one] = None
        elif isinstance(one, Claim):
            stack += [one.left, one.right]
        elif isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list | tuple):
            stack += one
        elif hasattr(one, "final"):
            stack += [one.final, one.states, one.outputs]
    return list(found)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", zoo.names())
def test_every_system_of_the_zoo_has_the_same_values(name, dtype):
    outputs = nodes_of(zoo.builder(name)())
    args = sorted(variables(outputs), key=lambda node: node.name)
    generator = np.random.default_rng(len(name))
    sizes, values = {}, []
    for variable in args:
        for dim in variable.shape:
            for symbol in () if isinstance(dim, int) else sorted(dim.free_symbols, key=str):
                sizes.setdefault(symbol, 3 + len(sizes))
        shape = [int(d) if isinstance(d, int) else int(d.xreplace(sizes)) for d in variable.shape]
        is_real = variable.kind == "real"
        values.append(
            generator.uniform(0.1, 0.9, shape) if is_real else generator.integers(0, 2, shape)
        )

    if is_sayable(outputs):
        # in digits sums of hundreds of products are in another order, as in a program for float32
        check(args, outputs, values, dtype, within=2e-6 if name == "digits" else 1e-6)
    else:
        with pytest.raises(sg.UnsupportedError, match=r"to_onnx: .* cannot be exported"):
            sg.to_onnx(args, outputs)


IMAGES = sg.input("x", ("N", 4, 9, 8))
OPEN = sg.input("o", ("N", 3, "H", "W"))
PLANE = sg.input("p", (9, 8))
SERIES = sg.input("s", ("N", 5, "T"))


def kernel(*shape):
    return sg.parameter("k", shape)


#: What slides windows, the operations that it leaves as, and how often.
SLIDING = {
    "convolution": (sg.conv2d(IMAGES, kernel(6, 4, 3, 3)), "Conv"),
    "strides and one-sided padding": (
        sg.conv2d(IMAGES, kernel(6, 4, 3, 2), stride=(2, 3), padding=((1, 0), (0, 1))), "Conv"),
    "dilation": (sg.conv2d(IMAGES, kernel(2, 4, 3, 3), dilation=(2, 3), padding=2), "Conv"),
    "rows that no window reads": (sg.conv2d(IMAGES, kernel(2, 4, 2, 2), stride=5), "Conv"),
    "groups": (sg.conv2d(IMAGES, kernel(6, 2, 3, 1), groups=2), "Conv"),
    "depthwise": (sg.conv2d(IMAGES, kernel(4, 1, 3, 3), groups=4, padding="same"), "Conv"),
    "one entry": (sg.conv2d(IMAGES, kernel(5, 4, 1, 1)), "Conv"),
    "open sizes": (sg.conv2d(OPEN, kernel(5, 3, 3, 3), stride=2, padding=1), "Conv"),
    "plane": (sg.conv2d(PLANE, kernel(3, 3)), "Conv"),
    "plane, several kernels": (sg.conv2d(PLANE, kernel(2, 3, 3)), "Conv"),
    "without a batch": (sg.conv2d(sg.input("c", (4, 9, 8)), kernel(2, 4, 3, 3)), "Conv"),
    "series": (sg.conv1d(SERIES, kernel(6, 5, 3), padding="same", dilation=2), "Conv"),
    "causal": (sg.conv1d(SERIES, kernel(6, 5, 3), padding=(2, 0)), "Conv"),
    "the same windows twice": (
        sg.conv2d(IMAGES, kernel(6, 4, 3, 3)) * sg.conv2d(IMAGES, sg.parameter("l", (6, 4, 3, 3))),
        "Conv Conv"),
    "largest": (sg.max_pool2d(IMAGES, 2), "MaxPool"),
    "largest of overlapping windows": (sg.max_pool2d(IMAGES, 3, 2, padding=1), "MaxPool"),
    "largest in open sizes": (sg.max_pool2d(OPEN, 2), "MaxPool"),
    "largest in a row": (sg.max_pool1d(sg.input("r", ("N", 9)), 2), "MaxPool"),
    "mean": (sg.mean_pool2d(IMAGES, 2), "AveragePool"),
    "mean with padding": (sg.mean_pool2d(PLANE, (2, 3), padding=1), "AveragePool"),
    "mean of a series": (sg.mean_pool1d(SERIES, 3, stride=2), "AveragePool"),
    "all of it": (
        sg.mean_pool2d(sg.max_pool2d(sg.relu(sg.conv2d(IMAGES, kernel(6, 4, 2, 1))), 2), 2),
        "Conv MaxPool AveragePool"),
}  # fmt: skip


def with_values(outputs, rows=3):
    sizes = {"N": rows, "T": 7, "H": 8, "W": 9}
    args = sorted(variables(outputs), key=lambda node: node.name)
    shapes = [[d if isinstance(d, int) else sizes[str(d)] for d in a.shape] for a in args]
    return args, [GENERATOR.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SLIDING)
def test_windows_leave_as_the_operations_that_slide_them(name, dtype):
    node, expected = SLIDING[name]
    args, values = with_values([node])
    check(args, [node], values, dtype)

    found = [*operations(sg.to_onnx(args, [node], dtype=dtype).graph)]
    if dtype == "float32":
        assert [one for one in found if one in SLIDERS] == expected.split()
        assert not {"Gather", "GatherND", "Einsum"} & {*found}
    else:
        assert ("MaxPool" in found) == ("MaxPool" in expected)
        assert not {"Conv", "AveragePool"} & {*found}


SLIDERS = {"Conv", "MaxPool", "AveragePool"}


@pytest.mark.parametrize(
    "node",
    [
        sg.max(sg.pad(IMAGES, 1)[:, :, ::2], axis=3),
        sg.sum(sg.max_pool2d(sg.flip(IMAGES, 3), 3, 1) * 2.0, axis=0),
        sg.grad(sg.sum(sg.conv2d(IMAGES, kernel(2, 4, 3, 3)) ** 2), kernel(2, 4, 3, 3)),
        sg.grad(sg.sum(sg.conv2d(IMAGES, kernel(2, 4, 3, 3)) ** 2), IMAGES),
        sg.grad(sg.sum(sg.max_pool2d(IMAGES, 3, 2, padding=1) ** 2), IMAGES),
        sg.max_pool2d(sg.input("y", (2, 3, 2, 6, 6)), 2),
    ],
)
def test_what_reads_windows_in_other_ways_has_the_same_values(node):
    args, values = with_values([node])
    check(args, [node], values, "float32")


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pads=st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
    groups=st.sampled_from([1, 2, 3]), rows=st.integers(0, 3),
)  # fmt: skip
def test_any_convolution_and_pool_has_the_same_values(
    size, window, stride, dilation, pads, groups, rows
):
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, window, strict=True)]
    assume(all(n + sum(p) >= s for n, p, s in zip(size, pads, spans, strict=True)))
    x = sg.input("x", ("N", 2 * groups, *size))
    outputs = [sg.conv2d(x, kernel(3 * groups, 2, *window), stride, pads, dilation, groups)]
    if all(n >= k for n, k in zip(size, window, strict=True)):
        outputs += [sg.max_pool2d(x, window, stride), sg.mean_pool2d(x, window, stride)]
    args, values = with_values(outputs, rows)
    check(args, outputs, values, "float32")


def mlp():
    x = sg.input("x", ("N", 5))
    return x, sg.softmax(sg.nn.dense(sg.nn.dense(x, 7, "h", "relu"), 3, "out"), 1)


def cnn():
    x = sg.input("images", ("N", 2, 9, 8))
    maps = sg.nn.conv2d(x, 3, 3, "c", "relu", stride=2, padding="same")
    return x, sg.nn.dense(sg.nn.flatten(sg.max_pool2d(maps, 2)), 4, "out")


def lstm():
    x = sg.input("x", ("N", "T", 3))
    return x, sg.nn.dense(sg.nn.lstm(x, 5, "l").final["h"], 2, "out")


def gru():
    x = sg.input("x", ("N", "T", 3))
    return x, sg.nn.dense(sg.nn.gru(x, 5, "g", reverse=True).states, 2, "out")


def normalised():
    x = sg.input("x", ("N", 4))
    return x, sg.nn.dense(sg.dropout(sg.nn.batch_norm(x, "b"), 0.5), 2, "out")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("build", [mlp, cnn, lstm, gru, normalised])
def test_a_model_predicts_the_same_for_every_number_of_samples(build, dtype, tmp_path):
    x, out = build()
    model = sg.Model(sg.mean(out**2), [x], {"out": out}, dtype=dtype, seed=3)
    model.to_onnx(tmp_path / "net.onnx")
    exported = onnx.load(tmp_path / "net.onnx")

    for rows in (1, 2, 7):
        shape = [d if isinstance(d, int) else {"N": rows, "T": 4}[str(d)] for d in x.shape]
        data = GENERATOR.standard_normal(shape).astype(dtype)
        (found,) = ran(exported, {x.name: data})
        expected = model.predict({x.name: data})["out"]
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, TOLERANCE[dtype], TOLERANCE[dtype])

    first = exported.graph.input[0].type.tensor_type.shape.dim[0]
    assert first.dim_param == "N"
    assert [place.name for place in exported.graph.output] == ["out"]


def test_loops_without_an_entry_and_batches_without_a_sample_stay_empty():
    x, out = mlp()
    model = sg.Model(sg.mean(out), [x], {"out": out}).to_onnx()

    (found,) = ran(model, {"x": np.zeros((0, 5))})

    assert found.shape == (0, 3)


def test_names_of_values_are_plain_and_differ():
    a, b = sg.input("w'; drop", 2), sg.input("w'? drop", 2)
    model = sg.to_onnx([a, b], {"../y": a + b, "": a - b})

    names = [place.name for place in [*model.graph.input, *model.graph.output]]

    assert len(set(names)) == 4
    assert all(name.isidentifier() for name in names)


def test_a_random_number_is_refused_with_its_node():
    noise = sg.let("noise", sg.uniform(sg.key(), (3,)))

    with pytest.raises(sg.UnsupportedError, match=r"uniform.* cannot be exported"):
        sg.to_onnx([sg.key()], [noise])


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ({"W": np.zeros((2, 2))}, sg.ShapeError),
        ({"V": np.zeros(3)}, sg.UnknownNameError),
        ({"W": np.zeros((3, 2), complex)}, sg.KindError),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, error):
    x, W = sg.input("x", ("N", 3)), sg.parameter("W", (3, 2))

    with pytest.raises(error, match="to_onnx: weights has"):
        sg.to_onnx([x, W], [x @ W], weights=weights)

"""Programs divided among threads: the same numbers, few barriers, errors before any update."""

import re

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.native.positions import Polynomial, read
from symgraph.walks import variables

pytestmark = needs_c_compiler

THREADS = (1, 2, 3, 5)


def gated(steps, size, hidden):
    """A recurrent net with gates, and one step of momentum for each parameter."""
    x, y = sg.input("x", (steps, "N", size)), sg.input("y", "N", kind="integer")
    W, U = sg.parameter("W", (size, 2 * hidden)), sg.parameter("U", (hidden, 2 * hidden))
    b, V = sg.parameter("b", 2 * hidden), sg.parameter("V", (hidden, 4))

    def step(h, e):
        z = e @ W + h @ U + b
        gate = sg.sigmoid(z[:, :hidden])
        return gate * h + (1 - gate) * sg.tanh(z[:, hidden:])

    final = sg.scan(step, sg.zeros(("N", hidden)), x).final
    loss = sg.cross_entropy(final @ V, y)
    parameters = [W, U, b, V]
    speeds = [sg.state(f"v_{p.name}", p.shape) for p in parameters]
    gradients = sg.grad(loss, parameters)
    new = {v: 0.9 * v - 0.1 * g for v, g in zip(speeds, gradients, strict=True)}
    new |= {p: p + new[v] for p, v in zip(parameters, speeds, strict=True)}
    return [x, y, *parameters, *speeds], loss, new


def arrays_for(args, rows, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for node in args:
        shape = tuple(rows if not isinstance(n, int) else n for n in node.shape)
        numbers = rng.integers(0, 4, shape) if node.kind == "integer" else rng.normal(size=shape)
        found.append(np.asarray(numbers * (0 if node.name.startswith("v_") else 1)))
    return found


def trained(program, args, rows, steps=3):
    arrays = arrays_for(args, rows)
    bound = program.bind(*arrays)
    return [bound.step() for _ in range(steps)], arrays[2:]


@pytest.fixture(scope="module")
def programs():
    args, loss, new = gated(7, 3, 5)
    made = {
        threads: sg.compile(args, loss, updates=new, target="cython", threads=threads)
        for threads in THREADS
    }
    return args, made, sg.compile(args, loss, updates=new)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7, 32])
def test_a_training_step_in_any_number_of_threads_is_that_of_numpy(programs, rows):
    args, made, numpy = programs
    losses, arrays = trained(numpy, args, rows)
    for program in made.values():
        found, others = trained(program, args, rows)
        np.testing.assert_allclose(found, losses, 1e-12)
        for one, other in zip(arrays, others, strict=True):
            np.testing.assert_allclose(other, one, 1e-11, 1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_every_run_has_the_same_bits(programs, threads):
    args, made, _ = programs
    first = trained(made[threads], args, 13)
    for _ in range(20):
        again = trained(made[threads], args, 13)
        assert again[0] == first[0]
        assert all((a == b).all() for a, b in zip(again[1], first[1], strict=True))


def test_no_thread_waits_inside_of_a_loop_over_time(programs):
    _, made, _ = programs
    lines = made[2].source.splitlines()
    waits = [line for line in lines if "f->lib->wait(" in line]
    over_time = re.compile(r"    for \(i64 t\d+ = (0|7 - 1);")
    loops = [k for k, line in enumerate(lines) if over_time.match(line)]
    bodies = [lines[k : k + 1 + lines[k:].index("    }")] for k in loops]

    assert len(loops) == 2  # forwards and backwards
    assert not any("wait(" in line or "part == 0" in line for body in bodies for line in body)
    assert all("SG_FROM(n1)" in "\n".join(body) for body in bodies)
    assert len(waits) <= 10
    assert "wait(" not in made[1].source


LAYERS = ("dense", "normal over the batch", "softmax over the batch", "rolled", "looked up", "mean")


def layer(kind, number, h, labels, width):
    """The next layer of a random net, and its parameters."""
    if kind == "dense":
        W = sg.parameter(f"W{number}", (width, width))
        return sg.tanh(h @ W), [W]
    if kind == "normal over the batch":
        mean = sg.mean(h, axis=0)
        return (h - mean) / sg.sqrt(sg.mean((h - mean) ** 2, axis=0) + 0.1), []
    if kind == "softmax over the batch":
        return h + sg.softmax(h, axis=0), []
    if kind == "rolled":
        return h + 0.5 * h[::-1], []
    if kind == "looked up":
        E = sg.parameter(f"E{number}", (4, width))
        return h * E[labels], [E]
    scale = sg.parameter(f"s{number}", ())
    return h * scale + 0.1 * sg.mean(h), [scale]


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.sampled_from(LAYERS), min_size=1, max_size=4),
    st.sampled_from([1, 3, 17]),
    st.sampled_from([2, 3, 4]),
    st.booleans(),
)
def test_random_nets_train_in_threads_as_in_one(kinds, width, threads, clipped):
    """Batches that are odd, large, and smaller than the number of threads."""
    x, y = sg.input("x", ("N", width)), sg.input("y", "N", kind="integer")
    V = sg.parameter("V", (width, 4))
    h, parameters = x, [V]
    for number, kind in enumerate(kinds):
        h, own = layer(kind, number, h, y, width)
        parameters += own
    loss = sg.mean(sg.cross_entropy(h @ V, y))
    gradients = sg.grad(loss, parameters)
    norm = sg.sqrt(sum(sg.sum(g**2) for g in gradients) + 0.01) if clipped else 1.0
    new = {p: p - 0.1 * g / norm for p, g in zip(parameters, gradients, strict=True)}
    args = [x, y, *parameters]
    one, several = (
        sg.compile(args, [loss, sg.mean(h**2, axis=0)], updates=new, target="cython", threads=count)
        for count in (1, threads)
    )
    for rows in (1, 2, 3, 151):
        arrays = arrays_for(args, rows)
        runs = [[a.copy() for a in arrays] for _ in range(3)]
        results = [
            program(*run) for program, run in zip((one, several, several), runs, strict=True)
        ]
        made = [[*r, *a] for r, a in zip(results, runs, strict=True)]
        for alone, together, again in zip(*made, strict=True):
            np.testing.assert_allclose(together, alone, 1e-12, 1e-12 * (1 + np.abs(alone).max()))
            np.testing.assert_array_equal(together, again)


def test_a_step_of_a_dense_net_waits_twice():
    """All gradients of own samples, then sums and updates; what is joined needs one more."""
    x, y = sg.input("x", ("N", 6)), sg.input("y", "N", kind="integer")
    z = sg.nn.dense(sg.nn.dense(x, 40, "h", "tanh"), 5, "z")
    loss = sg.mean(sg.cross_entropy(z, y))
    parameters = [v for v in variables([loss]) if v.role == "parameter"]
    gradients = sg.grad(loss, parameters)
    new = {p: p - 0.1 * g for p, g in zip(parameters, gradients, strict=True)}
    source = sg.compile([x, y, *parameters], loss, updates=new, target="cython", threads=2).source
    before, behind = source.split("f->lib->wait(f->barrier)")

    assert before.count("gemm_f64(") == 5
    assert before.index("for (i64 t1 = SG_FROM(n1)") < before.index("gemm_f64(t2 - t1")
    assert "gemm" not in behind
    assert behind.count("SG_ADD_UP(") == 5


@pytest.mark.parametrize("rows", [5, 96, 97, 144, 145, 211, 435])
def test_wide_values_take_the_room_of_a_piece(rows):
    """Pieces of 48 to 72 samples in two threads: smaller shares, one piece, and several."""
    x, W, V = sg.input("x", ("N", 2)), sg.parameter("W", (2, 3000)), sg.parameter("V", (3000, 2))
    loss = sg.mean((sg.tanh(x @ W) @ V - x) ** 2)
    new = {p: p - g for p, g in zip((W, V), sg.grad(loss, [W, V]), strict=True)}
    program = sg.compile([x, W, V], loss, updates=new, target="cython", threads=2)
    assert "t1 + 48" in program.source
    assert re.search(r"double \*const h\d = b\d \+ \(part \* 72 - t1\) \* 3000;", program.source)

    arrays = arrays_for([x, W, V], rows)
    given, first, second = (array.copy() for array in arrays)
    found = program(*arrays)
    h = np.tanh(given @ first)
    error = 2 * (h @ second - given) / given.size
    np.testing.assert_allclose(found, np.mean((h @ second - given) ** 2), 1e-12)
    np.testing.assert_allclose(arrays[2], second - h.T @ error, 1e-10, 1e-12)
    back = given.T @ (error @ second.T * (1 - h**2))
    np.testing.assert_allclose(arrays[1], first - back, 1e-10, 1e-12)


def test_a_weight_too_large_for_a_copy_of_each_thread_is_divided_itself():
    x, W = sg.input("x", ("N", 600)), sg.parameter("W", (600, 500))
    loss = sg.sum(sg.tanh(x @ W))
    program = sg.compile(
        [x, W], [loss], updates={W: W - sg.grad(loss, [W])[0]}, target="cython", threads=2
    )
    assert re.search(r"gemm_f64\(SG_TO\((600|500)\) - |, SG_TO\(500\) - ", program.source)
    given = np.random.default_rng(0).normal(size=(3, 600)), np.zeros((600, 500))
    assert program(*given) == [0.0]
    np.testing.assert_allclose(given[1], -np.outer(given[0].sum(0), np.ones(500)), 1e-12, 1e-12)


@pytest.mark.parametrize("threads", [2, 3])
def test_convolutions_are_divided_as_well(threads):
    x, y = sg.input("x", ("N", 2, 7, 8)), sg.input("y", "N", kind="integer")
    K, L = sg.parameter("K", (5, 2, 3, 3)), sg.parameter("L", (3, 5, 2, 2))
    h = sg.max_pool2d(sg.relu(sg.conv2d(x, K, padding=1)), 2)
    z = sg.sum(sg.tanh(sg.conv2d(h, L)), axis=(2, 3))
    loss = sg.mean(sg.cross_entropy(z, y))
    new = {p: p - 0.1 * g for p, g in zip((K, L), sg.grad(loss, [K, L]), strict=True)}
    args = [x, y, K, L]
    numpy = sg.compile(args, loss, updates=new)
    program = sg.compile(args, loss, updates=new, target="cython", threads=threads)
    assert not re.search(r"part == 0\) \{\n[^}]*(rows|dots|gemm)_f64\(", program.source)
    assert re.search(r"(rows|dots)_f64\(SG_TO", program.source)
    for rows in (1, 2, 7):
        arrays = arrays_for(args, rows)
        arrays[1] %= 3
        others = [array.copy() for array in arrays]
        np.testing.assert_allclose(program(*others), numpy(*arrays), 1e-12)
        for one, other in zip(arrays, others, strict=True):
            np.testing.assert_allclose(other, one, 1e-11, 1e-12)


def test_the_first_of_several_wrong_indices_is_named():
    """Whichever thread is the first to find one."""
    i, j = (sg.input(name, "N", kind="integer") for name in "ij")
    w = sg.parameter("w", 5)
    program = sg.compile([i, j, w], sg.sum(w[i] * w[j]), target="cython", threads=3)
    first, second = np.arange(30) % 5, np.arange(30) % 5
    second[3], first[29], first[12] = 7, 8, 9
    for _ in range(20):
        with pytest.raises(sg.RangeError, match=r"i: index 9 at position \(12,\)"):
            program(first, second, np.zeros(5))


def test_a_sum_over_everything_is_the_same_whoever_computes_its_parts():
    x = sg.input("x", ("N", 3))
    outputs = [sg.sum(x), sg.sum(x, axis=0), sg.sum(x, axis=1), sg.max(x), sg.softmax(x, axis=0)]
    given = np.random.default_rng(3).normal(size=(17, 3))
    expected = [given.sum(), given.sum(0), given.sum(1), given.max()]
    for threads in THREADS:
        *found, soft = sg.compile([x], outputs, target="cython", threads=threads)(given)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, 1e-13)
        np.testing.assert_allclose(soft.sum(0), 1, 1e-13)


@pytest.mark.parametrize("threads", THREADS)
def test_random_numbers_are_drawn_by_all_threads_and_have_the_same_bits(threads):
    key = sg.input("key", (), kind="integer")
    x = sg.input("x", ("N", 3))
    drawn = sg.uniform(key, ("N", 3), 1)
    program = sg.compile([key, x], [drawn, x + drawn], target="cython", threads=threads)
    found, moved = program(5, np.ones((7, 3)))

    np.testing.assert_array_equal(found, sg.random.uniform(5, 1, (7, 3)))
    np.testing.assert_array_equal(moved, found + 1)
    if threads > 1:
        assert re.search(r"random_uniform_f64\(.*(SG_FROM\(.*SG_TO|t\d.*t\d)", program.source)
        assert "part == 0" not in program.source


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 5), st.integers(0, 5), st.sampled_from([2, 3]), st.integers(0, 2), st.booleans()
)
def test_moved_and_repeated_entries_are_read_behind_a_barrier(rows, columns, threads, shift, turn):
    """What one thread has made another one reads: transposed, shifted, joined, scattered."""
    x = sg.input("x", ("N", 4))
    index = sg.input("i", "M", kind="integer")
    h = sg.tanh(x)
    turned = sg.concat([h, 2 * h], axis=0)[::-1] if turn else sg.concat([2 * h, h], axis=0)
    gram = h.T @ turned[: x.shape[0]]
    loss = sg.sum(gram * gram.T) + sg.sum(h[:, shift:] * h[:, : 4 - shift])
    outputs = [loss, gram, turned, *sg.grad(loss + sg.sum(h[index] ** 2), [x])]
    rng = np.random.default_rng(rows)
    arrays = [rng.normal(size=(rows + 1, 4)), rng.integers(0, rows + 1, columns)]
    expected = sg.compile([x, index], outputs)(*arrays)
    found = sg.compile([x, index], outputs, target="cython", threads=threads)(*arrays)

    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("wrong", [0, 6, 12])
def test_an_index_out_of_range_is_named_and_nothing_is_stored(threads, wrong):
    i, w = sg.input("i", "N", kind="integer"), sg.parameter("w", 5)
    program = sg.compile([i, w], sg.sum(w[i]), updates={w: w + 1}, target="cython", threads=threads)
    index, weights = np.arange(13) % 5, np.zeros(5)
    index[wrong] = 5
    for _ in range(3):
        with pytest.raises(sg.RangeError, match=rf"5.*{wrong}"):
            program(index, weights)
    assert not weights.any()
    index[wrong] = 4
    program(index, weights)
    assert (weights == 1).all()


def test_a_model_trains_in_threads_as_in_one():
    x, y = sg.input("x", ("N", 6)), sg.input("y", ("N", 2))
    W, V = sg.parameter("W", (6, 9)), sg.parameter("V", (9, 2))
    loss = sg.mean((sg.tanh(x @ W) @ V - y) ** 2)
    rng = np.random.default_rng(1)
    data = {"x": rng.normal(size=(29, 6)), "y": rng.normal(size=(29, 2))}
    found = []
    for threads in (1, 2, 3, 2):
        model = sg.Model(loss, [x, y], target="cython", threads=threads)
        history = model.fit(data, epochs=4, batch_size=8, clip_norm=0.3)
        found.append((history["loss"], model.parameters.flat.copy()))
    for losses, flat in found:
        np.testing.assert_allclose(losses, found[0][0], 1e-12)
        np.testing.assert_allclose(flat, found[0][1], 1e-12)
    assert found[1][0] == found[3][0]
    assert (found[1][1] == found[3][1]).all()


@pytest.mark.parametrize("threads", [0, 65, 1.5, True])
def test_what_is_no_number_of_threads_is_refused(threads):
    x = sg.input("x")
    with pytest.raises((sg.KindError, sg.RangeError), match="threads is"):
        sg.compile([x], x, threads=threads)
    with pytest.raises((sg.KindError, sg.RangeError), match="Model: threads is"):
        sg.Model(x**2, [x], threads=threads)


def test_positions_are_read_as_polynomials():
    a = read("128 * (n1 + 2) + i0 * (64*n1) - 2 * i0 * n1")

    assert a is not None
    assert a.by("i0") == (read("62 * n1"), read("128*n1 + 256"))
    assert read("256*n1*i0").over(read("2*n1")) == read("i0 * 128")
    assert read("n1 + 1").over(read("n1")) is None
    assert read("(i64)n1") is None
    assert read("n1*n1 - n1 + 1").is_positive()
    assert not read("n1 - 1").is_positive()
    atoms = {}
    assert read("((t1 + 1) & 1) * 4", atoms).by("t1")[0] == Polynomial({})
    assert list(atoms.values()) == [{"t1"}]

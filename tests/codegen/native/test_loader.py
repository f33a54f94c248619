"""The loader runs a kernel on arrays, and refuses arrays that the kernel was not made for."""

from pathlib import Path

import numpy as np
import pytest
from c_compiler import needs_c_compiler

from symgraph.codegen.native import runtime as native_runtime
from symgraph.codegen.native.runtime import load, runtime, table_text
from symgraph.codegen.native.toolchain import ToolchainError

pytestmark = needs_c_compiler

#: y = sum of x, z = 2 x, then x[0] grows by one; refuses a negative sum at site 3.
TOY = """
i64 toy_plan(const i64 *n, i64 *o) { o[0] = 0; o[1] = 64; return 128 + 64 * n[0]; }
i64 toy_run(const sg_frame *f) {
    double *x = f->a[0], *y = f->a[1], *z = f->a[2], sum = 0;
    for (i64 i = 0; i < f->n[0]; i++) sum += x[i];
    if (sum < 0) { f->detail[0] = 7; f->detail[3] = -1; return 3; }
    *y = sum;
    for (i64 i = 0; i < f->n[0]; i++) z[i] = 2 * x[i];
    x[0] += 1;
    return 0;
}
"""


@pytest.fixture(scope="module")
def toy():
    return load(table_text() + TOY, "toy", 2)


def refuse(site, detail):
    raise ArithmeticError(f"site {site}: {detail}")


def bound(toy, x, structure=None):
    outputs = [("float64", ()), ("float64", x.shape)]
    structure = [0, {"twice": 1}] if structure is None else structure
    return toy.bind([x], outputs, [len(x)], structure, refuse)


def test_a_plan_tells_the_offsets_and_the_size_of_the_arena(toy):
    assert toy.plan([5]) == ((0, 64), 448)


def test_a_step_returns_fresh_outputs_in_their_structure(toy):
    x = np.arange(3.0)
    step = bound(toy, x).step
    total, inner = step()
    first = inner["twice"]

    assert (type(total), total) == (np.float64, 3.0)
    assert first.tolist() == [0.0, 2.0, 4.0]
    assert step()[1]["twice"].tolist() == [2.0, 2.0, 4.0]
    assert first.tolist() == [0.0, 2.0, 4.0]


def test_many_steps_run_in_one_call_and_return_the_last_outputs(toy):
    x = np.zeros(2)
    many = bound(toy, x, 0)

    assert many.steps(5) == 4.0
    assert many.steps(0) is None
    assert x.tolist() == [5.0, 0.0]


def test_a_site_that_refuses_becomes_the_exception_that_python_gives_it(toy):
    x = np.array([-1.0])
    one = bound(toy, x)

    with pytest.raises(ArithmeticError, match=r"site 3: \(7, 0, 0, -1\)"):
        one.step()
    assert one.run() == 3
    assert one.detail == (7, 0, 0, -1)
    assert x.tolist() == [-1.0]


def test_open_arguments_are_given_to_each_step(toy):
    outputs = [("float64", ()), ("float64", (2,))]
    one = toy.bind([("float64", (2,))], outputs, [2], 0, refuse)

    assert one.step(np.array([1.0, 2.0])) == 3.0
    assert one.steps(2, np.array([1.0, 5.0])) == 7.0
    with pytest.raises(TypeError, match="0 arrays were given, 1 are open"):
        one.step()
    with pytest.raises(TypeError, match="1 arrays are open"):
        one.run()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros(3), np.zeros((2, 1)), np.zeros(2, np.float32), np.zeros(4)[::2],
        np.zeros(2, ">f8"), [1.0, 2.0], None,
    ],
    ids=["size", "axes", "type", "stride", "order", "list", "nothing"],
)  # fmt: skip
def test_an_array_that_does_not_fit_is_refused_before_the_kernel_runs(toy, wrong):
    one = toy.bind([("float64", (2,))], [("float64", ()), ("float64", (2,))], [2], 0, refuse)

    with pytest.raises(ValueError, match="array 0 has another type, shape or layout"):
        one.step(wrong)


def test_a_kernel_keeps_its_arrays_alive(toy):
    one = bound(toy, np.full(1000, 2.0), 0)

    assert [one.step() for _ in range(3)] == [2000.0, 2001.0, 2002.0]


def test_what_is_no_structure_is_refused(toy):
    for structure, error in ((5, IndexError), (-1, IndexError), ("y", TypeError)):
        with pytest.raises(error, match="structure"):
            bound(toy, np.ones(2), structure).step()


def test_a_library_that_vanishes_before_it_is_loaded_is_built_anew(monkeypatch):
    build = native_runtime.build
    paths = iter([Path("/no-such-file.so")])
    monkeypatch.setattr(native_runtime, "build", lambda *given: next(paths, None) or build(*given))

    assert load(table_text() + TOY, "toy", 2).plan([5])[1] == 448
    paths = iter([Path("/no-such-file.so")] * 2)
    with pytest.raises(ToolchainError, match="cannot be loaded: /no-such-file"):
        load(table_text() + TOY, "toy", 2)


def test_a_library_without_the_function_is_refused(toy):
    path = runtime().__spec__.origin

    with pytest.raises(OSError, match="no function nothing_plan"):
        runtime().load(path, "nothing", 0)
    with pytest.raises(OSError, match="no-such-file"):
        runtime().load("/no-such-file.so", "toy", 0)


#: y = sum of x; w becomes w + x.
ADD = """
i64 add_plan(const i64 *n, i64 *o) { return 0; }
i64 add_run(const sg_frame *f) {
    double *w = f->a[0], *x = f->a[1], *y = f->a[2];
    *y = 0;
    for (i64 i = 0; i < f->n[0]; i++) { *y += x[i]; w[i] += x[i]; }
    return 0;
}
"""


@pytest.fixture(scope="module")
def add():
    return load(table_text() + ADD, "add", 0)


def test_arrays_that_share_memory_with_a_stored_one_are_refused(add):
    memory = np.zeros(6)
    one = add.bind([memory[:3], ("float64", (3,))], [("float64", ())], [3], 0, refuse, stored=[0])

    assert one.step(np.ones(3)) == 3
    assert one.step(memory[3:]) == 0
    for start in (0, 1, 2):
        with pytest.raises(ValueError, match="overlaps one that is stored to"):
            one.step(memory[start : start + 3])
    assert memory.tolist() == [1, 1, 1, 0, 0, 0]


def test_a_stored_array_that_is_given_must_be_writeable_and_alone(add):
    outputs = [("float64", ())]
    one = add.bind([("float64", (2,)), ("float64", (2,))], outputs, [2], 0, refuse, stored=[0])
    w, fixed = np.zeros(2), np.zeros(2)
    fixed.flags.writeable = False

    assert one.step(w, fixed) == 0
    with pytest.raises(ValueError, match="array 0 has another type, shape or layout"):
        one.step(fixed, w)
    with pytest.raises(ValueError, match="overlaps"):
        one.step(w, w)
    with pytest.raises(ValueError, match="does not exist"):
        add.bind([w, w], outputs, [2], stored=[2])


def test_arrays_that_do_not_fit_go_to_the_python_side(add):
    calls = []

    def slow(*args, **named):
        calls.append((args, named))
        return "converted"

    one = add.bind(
        [np.zeros(2), ("float64", (2,))], [("float64", ())], [2], 0, refuse, stored=[0],
        otherwise=(slow, slow),
    )  # fmt: skip

    assert one.step(np.ones(2)) == 2
    assert one.step([1, 2]) == "converted"
    assert one.step(x=3) == "converted"
    assert one.steps(2, [3, 4]) == "converted"
    assert one.steps(2, np.ones(2)) == 2
    assert calls == [(([1, 2],), {}), ((), {"x": 3}), ((2, [3, 4]), {})]


def test_where_nothing_is_open_arguments_are_refused_as_site_0(add):
    one = add.bind([np.zeros(2), np.ones(2)], [("float64", ())], [2], 0, refuse)

    assert one.step() == 2
    for wrong in (lambda: one.step(np.ones(2)), lambda: one.step(x=1)):
        with pytest.raises(ArithmeticError, match="site 0"):
            wrong()

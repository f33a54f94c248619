"""Kernels in several threads: parts that meet at a barrier, and many callers of one kernel."""

import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest
from c_compiler import needs_c_compiler

from symgraph.codegen.native.runtime import load, table_text

pytestmark = needs_c_compiler

#: Each part doubles its share of x into the arena; after all have met, each sums the whole.
SHARED = """
i64 shared_plan(const i64 *n, i64 *o) { o[0] = 0; return (8 * n[0] + 63) / 64 * 64; }
i64 shared_run(const sg_frame *f) {
    double *x = f->a[0], *twice = (double *)(f->w + f->o[0]), *y = f->a[1];
    i64 n = f->n[0], low = n * f->part / f->parts, high = n * (f->part + 1) / f->parts;
    for (i64 i = low; i < high; i++) {
        if (x[i] < 0) { f->detail[0] = i; return 5; }
        twice[i] = 2 * x[i];
    }
    if (f->lib->wait(f->barrier)) return 9;
    for (int round = 0; round < 10; round++) if (f->lib->wait(f->barrier)) return 9;
    double sum = 0;
    for (i64 i = 0; i < n; i++) sum += twice[i];
    if (f->part == 0) { y[0] = sum; y[1] = (double)f->parts; }
    return 0;
}
"""

#: 300 times 1 times 1, by two threads that a thread with a stack of its own calls.
PRODUCT = """
import threading

import numpy as np
import symgraph as sg

x, w = sg.input("x", shape=("N", 300)), sg.parameter("w", (300, 700))
program = sg.compile([x, w], x @ w, target="cython", threads=2)
given, found = (np.ones((900, 300)), np.ones((300, 700))), []
threading.stack_size(16 << 20)
caller = threading.Thread(target=lambda: found.append(program(*given)))
caller.start()
caller.join()
assert (found[0] == 300).all()
"""


@pytest.fixture(scope="module")
def shared():
    return load(table_text() + SHARED, "shared", 1)


def bound(shared, x, parts):
    return shared.bind([x], [("float64", (2,))], [len(x)], 0, None, parts)


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
def test_all_parts_of_a_kernel_run_and_meet(shared, parts):
    x = np.arange(1001.0)
    step = bound(shared, x, parts).step

    for _ in range(20):
        assert step().tolist() == [1001 * 1000, parts]
    assert bound(shared, x, parts).steps(20).tolist() == [1001 * 1000, parts]


@pytest.mark.parametrize("place", [0, 999])
def test_a_part_that_refuses_lets_the_others_go(shared, place):
    x = np.ones(1000)
    x[place] = -1
    one = bound(shared, x, 2)

    for _ in range(20):
        assert one.run() in (5, 9)
    x[place] = 1
    assert one.step().tolist() == [2000, 2]


def test_many_threads_may_step_one_bound_kernel(shared):
    x = np.arange(100.0)
    one, two = bound(shared, x, 1), bound(shared, x, 2)
    wrong = []

    def work(step):
        for _ in range(50):
            if step()[0] != 9900:
                wrong.append(step())

    threads = [threading.Thread(target=work, args=(b.step,)) for b in (one, two) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _child(results):
    x = np.arange(10.0)
    kernel = load(table_text() + SHARED, "shared", 1)
    results.put(bound(kernel, x, 2).step().tolist())


def test_threads_work_in_a_forked_process(shared):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs fork")
    assert bound(shared, np.ones(4), 2).step().tolist() == [8, 2]
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=_child, args=(results,))
    process.start()
    process.join(60)

    assert process.exitcode == 0
    assert results.get() == [90, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit sets the stacks of threads on Linux")
def test_products_need_no_more_of_a_stack_than_systems_with_small_ones_give():
    command = ["sh", "-c", 'ulimit -s 200 && exec "$0" -W error -c "$1"', sys.executable, PRODUCT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

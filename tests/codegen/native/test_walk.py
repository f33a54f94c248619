"""Whole epochs in one call: rows of data gathered batch by batch, outputs summed, keys counted."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler

from symgraph import random
from symgraph.codegen.native.runtime import load, runtime, table_text

pytestmark = needs_c_compiler

#: w += sum of x (B, 3) over all and of t (2, B) over all; a mean of x, the key; refuses x < -1e6.
TRAIN = """
i64 train_plan(const i64 *n, i64 *o) { return 0; }
i64 train_run(const sg_frame *f) {
    float *w = f->a[0], *x = f->a[1], sum = 0;
    double *t = f->a[2];
    i64 rows = f->n[0], *key = f->a[3];
    for (i64 i = 0; i < 3 * rows; i++) sum += x[i];
    if (sum < -1e6f) return 2;
    *(float *)f->a[4] = sum / (float)(3 * rows);
    *(i64 *)f->a[5] = *key;
    for (i64 i = 0; i < 2 * rows; i++) sum += (float)((i < rows ? 1 : 10) * t[i]);
    w[0] = 0.5f * w[0] + sum;
    return 0;
}
"""


@pytest.fixture(scope="module")
def train():
    return load(table_text() + TRAIN, "train", 0)


class Net:
    """A walk over seven rows, and the same in NumPy."""

    def __init__(self, train, size, rows=7):
        rng = np.random.default_rng(5)
        self.x = rng.integers(-4, 5, (rows, 3)).astype(np.float32)
        self.t = rng.integers(-4, 5, (2, rows)).astype(float)
        self.w = np.zeros(1, np.float32)
        self.key = np.zeros((), np.int64)
        self.size, self.rows = size, rows
        self.sums = np.zeros(2)
        rest = rows % size
        last = self.bound(train, rest) if rest else None
        gathers = [(1, self.x, 0), (2, self.t, 1)]
        self.walk = runtime().walk(self.bound(train, size), last, size, gathers, self.key)

    def bound(self, train, rows):
        x, t = np.zeros((rows, 3), np.float32), np.zeros((2, rows))
        outputs = [("float32", ()), ("int64", ())]
        return train.bind([self.w, x, t, self.key], outputs, [rows], [0, 1])

    def expected(self, order, seed, step):
        """The weight and the sums after these samples."""
        w, mean, keys = np.float32(0), 0.0, 0
        for start in range(0, len(order), self.size):
            index = order[start : start + self.size]
            total = self.x[index].sum()
            mean += float(total) / 3
            keys += (seed % 2**31 << 32 | step) * len(index)
            step += 1
            w = np.float32(0.5) * w + total + self.t[0, index].sum() + 10 * self.t[1, index].sum()
        return w, mean, float(keys)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("order", [range(7), [6, 0, 3, 1, 5, 2, 4], [2, 2, 2, 3, 4, 5, 6]])
def test_a_walk_goes_through_the_batches_of_an_order(train, size, order):
    net = Net(train, size)
    index = np.array(order, np.int64)

    assert net.walk.run(index, net.sums, 5, 100) == (-(-7 // size), 0)
    w, mean, keys = net.expected(index, 5, 100)
    assert net.w[0] == pytest.approx(w, rel=1e-6)
    np.testing.assert_allclose(net.sums, [mean, keys], rtol=1e-6)


@pytest.mark.parametrize(("size", "rows", "shuffle"), [(2, 7, True), (3, 64, True), (4, 7, False)])
def test_epochs_shuffle_as_training_does(train, size, rows, shuffle):
    net = Net(train, size, rows)
    sums = np.zeros((3, 2))

    assert net.walk.epochs(4, 3, shuffle, sums, 11, 50) == (3, 0, 0)
    orders = [random.permutation(rows, 11, 4 + k) if shuffle else np.arange(rows) for k in range(3)]
    batches = -(-rows // size)
    for k, order in enumerate(orders):
        _, mean, keys = net.expected(order, 11, 50 + k * batches)
        np.testing.assert_allclose(sums[k], [mean, keys], rtol=1e-5)


def test_a_walk_ends_where_a_site_refuses_or_the_loss_is_not_finite(train):
    net = Net(train, 2)
    order = np.arange(6)
    net.x[3, 1] = np.inf
    assert net.walk.run(order, net.sums, 0, 0) == (2, -1)
    net.x[3, 1] = -1e9
    net.w[0] = 1
    assert net.walk.run(order, np.zeros(2), 0, 0) == (1, 2)
    assert net.walk.epochs(0, 5, False, np.zeros((5, 2)), 0, 0)[::2] == (0, 2)


def test_a_walk_may_be_limited_in_time(train):
    net = Net(train, 1)
    order = np.zeros(3_000_000, np.int64)

    batches, site = net.walk.run(order, net.sums, 0, 0, 1e-9)

    assert 0 < batches < len(order)
    assert site == 0


def test_rows_outside_of_the_data_are_refused(train):
    net = Net(train, 2)

    for wrong in (7, -1, 2**62):
        with pytest.raises(IndexError, match=f"row {wrong} of 7"):
            net.walk.run(np.array([0, wrong]), net.sums, 0, 0)
    assert net.w[0] == 0


def test_what_does_not_fit_is_refused(train):
    net = Net(train, 2)
    full = net.bound(train, 2)
    walk = runtime().walk

    for gathers, why in [
        ([(1, net.x[::2], 0)], "C-contiguous"),
        ([(1, net.x.astype(float), 0)], "another type"),
        ([(1, net.x[:, :2].copy(), 0)], "another shape"),
        ([(1, net.x, 2)], "no such axis"),
        ([(9, net.x, 0)], "no such argument"),
        ([(1, net.x, 0), (2, net.t[:, :6].copy(), 1)], "different numbers"),
        ([None], "tuples"),
    ]:
        with pytest.raises(ValueError, match=why):
            walk(full, None, 2, gathers)
    with pytest.raises(ValueError, match="last batch"):
        walk(full, None, 2, [(1, net.x, 0)]).run(np.arange(3), net.sums, 0, 0)
    with pytest.raises(ValueError, match="float64 array"):
        net.walk.run(np.arange(2), np.zeros(3), 0, 0)
    with pytest.raises(ValueError, match="int64 array"):
        net.walk.run(np.arange(2.0), net.sums, 0, 0)
    with pytest.raises(ValueError, match="key"):
        walk(full, None, 2, [], np.zeros(1))

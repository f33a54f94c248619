"""The gradient of every system against difference quotients, at random values off the kinks."""

import mpmath
import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.sample import draw
from symgraph.shapes import dim_symbols
from symgraph.walks import variables

SMALL = {"power": "power,length=12", "wall": "wall,steps=5", "lenet": "lenet,classes=2"}
SMALL |= {"digits": "digits,maps=2-3", "digits-deep": "digits-deep,maps=2-3-2,hidden=4"}
SIZES = {"N": 3, "T": 4, "S": 2, "m": 5, "C": 3}
LARGE = ("digits", "digits-deep", "lenet")
#: Of a large array so many entries are compared.
ENTRIES = 6
STEP = 1e-3


class Numbers:
    """The losses of a system, values for its variables, and what NumPy makes of them."""

    def __init__(self, name):
        found = zoo.built(SMALL.get(name, name))
        whole = getattr(found, "loss", found)
        # A frozen layer has no derivative in the sum of all stages, and quotients have one there.
        self.losses = [*getattr(found, "stages", ())] if name == "autoencoders" else [whole]
        self.leaves = variables([*self.losses, whole])
        symbols = {s for leaf in self.leaves for s in dim_symbols(leaf.shape)}
        sample = draw([whole], 3, dims={s: SIZES[str(s)] for s in symbols})
        if name in LARGE:
            # As at the start of a training; else the scores are far apart, and softmax is a step.
            scaled = {
                leaf: array / np.sqrt(array[0].size)
                for leaf, array in sample.values.items()
                if leaf.kind == "real" and array.ndim > 1
            }
            sample = draw([whole], 3, scaled, sample.dims)
        self.arrays = [np.asarray(sample.values[leaf]) for leaf in self.leaves]
        #: A step that stays on this side of the nearest kink, where it is no tie of constants.
        self.step = min(STEP, max(sample.nearest_kink / 20, STEP / 100))
        self.slopes = {}
        for k, loss in enumerate(self.losses):
            real = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
            self.slopes |= {
                (k, leaf): slope for leaf, slope in zip(real, sg.grad(loss, real), strict=True)
            }
        self.program = sg.compile(self.leaves, [*self.losses, *self.slopes.values()])
        self.values = self.program(*self.arrays)


@pytest.mark.parametrize("name", zoo.names())
def test_the_gradient_is_that_of_difference_quotients(name):
    numbers = Numbers(name)
    losses = sg.compile(numbers.leaves, numbers.losses)
    for (k, leaf), value in zip(numbers.slopes, numbers.values[len(numbers.losses) :], strict=True):
        if name == "autoencoders" and not np.any(value):
            continue  # frozen in this stage
        at = numbers.leaves.index(leaf)
        entries = [*np.ndindex(numbers.arrays[at].shape)]
        for place in entries[:: max(len(entries) // ENTRIES, 1)]:
            wanted = quotient(losses, k, numbers, at, place)
            assert abs(value[place] - wanted) <= 1e-7 * (1 + abs(wanted)), (leaf, place)


def quotient(losses, k, numbers, at, place):
    """The derivative by one entry, from central differences with three steps (Richardson)."""
    before, array, behind = numbers.arrays[:at], numbers.arrays[at], numbers.arrays[at + 1 :]

    def central(step):
        sides = []
        for sign in (1, -1):
            moved = array.copy()
            moved[place] += sign * step
            sides.append(float(losses(*before, moved, *behind)[k]))
        return (sides[0] - sides[1]) / (2 * step)

    rough, fine, finest = (central(numbers.step / 2**halved) for halved in range(3))
    first, second = (4 * fine - rough) / 3, (4 * finest - fine) / 3
    return (16 * second - first) / 15


def test_the_slope_of_the_wall_is_that_of_many_digits():
    loss = zoo.built("wall").loss
    w, b = (next(v for v in variables([loss]) if v.name == name) for name in "wb")
    slopes = sg.compile([w, b], sg.grad(loss, [w, b]))

    def error(w, b):
        x = mpmath.mpf("0.5")
        for _ in range(50):
            x = w / (1 + mpmath.exp(-x)) + b
        return (1 / (1 + mpmath.exp(-x)) - mpmath.mpf("0.7")) ** 2

    with mpmath.workdps(60):
        for place in ((6.0, -3.4), (6.0, -3.1), (3.0, -1.0), (4.0, -2.1)):
            w_there, b_there = map(mpmath.mpf, place)
            wanted = [
                float(mpmath.diff(lambda w: error(w, b_there), w_there)),  # noqa: B023
                float(mpmath.diff(lambda b: error(w_there, b), b_there)),  # noqa: B023
            ]
            found = np.array(slopes(*place))
            assert np.all(abs(found - wanted) <= 1e-7 * (1 + np.abs(wanted))), place

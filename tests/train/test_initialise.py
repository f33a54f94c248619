"""Start values against an own few lines of Threefry, and against the variances of their rules."""

import math

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import ShapeError
from symgraph.train.initialise import fans, start_value


def test_uniform_start_values_are_the_same_on_every_machine():
    # Threefry-2x32-20 written out in pure Python, under the key (crc32("W"), stream 0)
    assert start_value(sg.parameter("W", (2, 3))).ravel().tolist() == [
        *(0.8051796147897687, 0.16669700549692928, -0.9857227263162728),
        *(-0.6196250150335821, 0.8295491295060533, -0.9592740563691813),
    ]
    # under the key (7, stream 3)
    assert start_value(sg.parameter("W", (2, 3), seed=7), seed=3).ravel().tolist() == [
        *(0.2489304976831003, -0.9884540297799859, -0.07187206267819155),
        *(-0.9993222543245432, 0.17185818214720755, -0.029066530431192648),
    ]


def test_names_and_seeds_tell_start_values_apart():
    drawn = [
        start_value(sg.parameter("U", (4, 5))),
        start_value(sg.parameter("V", (4, 5))),
        start_value(sg.parameter("V", (4, 5)), seed=1),
        start_value(sg.parameter("V", (4, 5), seed=1)),
    ]

    assert len({values.tobytes() for values in drawn}) == 4


def test_fans_count_inputs_and_outputs():
    assert fans(()) == (1, 1)
    assert fans((7,)) == (7, 7)
    assert fans((3, 5)) == (3, 5)
    assert fans((6, 4, 3)) == (4 * 3, 6 * 3)
    assert fans((16, 6, 5, 4)) == (6 * 5 * 4, 16 * 5 * 4)


# fan-in 60, fan-out 200 as a matrix; 12 * 9 = 108 and 20 * 9 = 180 as a convolution
@pytest.mark.parametrize(
    ("init", "shape", "deviation"),
    [
        ("glorot_uniform", (60, 200), math.sqrt(2 / 260)),
        ("glorot_normal", (60, 200), math.sqrt(2 / 260)),
        ("he_uniform", (60, 200), math.sqrt(2 / 60)),
        ("he_normal", (60, 200), math.sqrt(2 / 60)),
        ("he_normal", (20, 12, 3, 3), math.sqrt(2 / 108)),
        ("glorot_uniform", (20, 12, 3, 3), math.sqrt(2 / 288)),
        ("uniform", (60, 200), 0.05 / math.sqrt(3)),
        ("normal", (60, 200), 0.05),
    ],
)
def test_start_values_have_the_spread_of_their_rule(init, shape, deviation):
    values = start_value(sg.parameter("W", shape, init=init))

    assert values.shape == shape
    # the standard error is deviation / sqrt(2 * 2160) or less
    assert values.std() == pytest.approx(deviation, rel=0.05)
    assert abs(values.mean()) < 5 * deviation / math.sqrt(values.size)
    if init.endswith("uniform"):
        assert np.abs(values).max() <= deviation * math.sqrt(3)
        assert np.abs(values).max() > deviation * math.sqrt(3) * 0.99


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 3, 2, 2)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    values = start_value(sg.parameter("W", shape, init="orthogonal"))

    matrix = values.reshape(shape[0], -1)
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    np.testing.assert_allclose(short @ short.T, np.eye(len(short)), atol=1e-14)


def test_constants_arrays_and_defaults_are_taken_as_declared():
    assert start_value(sg.parameter("b", 2)).tolist() == [0.0, 0.0]
    assert start_value(sg.parameter("b", 2, init="ones")).tolist() == [1.0, 1.0]
    assert start_value(sg.parameter("b", 2, init=0.5)).tolist() == [0.5, 0.5]
    assert start_value(sg.parameter("b", (2, 1), init=[[1], [2]])).tolist() == [[1.0], [2.0]]
    assert start_value(sg.parameter("I", (2, 3), init="identity")).tolist() == [
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
    ]
    assert start_value(sg.state("s", 2, init=3)).tolist() == [3.0, 3.0]


def test_a_start_value_given_as_an_array_is_copied():
    variable = sg.parameter("b", 2, init=[1.0, 2.0])
    start_value(variable)[0] = 9

    assert start_value(variable).tolist() == [1.0, 2.0]


def test_initializers_refuse_shapes_they_are_not_for():
    with pytest.raises(ShapeError, match=r"'v' has shape \(3,\), and init='identity' is for matr"):
        start_value(sg.parameter("v", 3, init="identity"))
    with pytest.raises(ShapeError, match="init='orthogonal' needs two axes or more"):
        start_value(sg.parameter("v", 3, init="orthogonal"))
    with pytest.raises(ShapeError, match=r"parameter 'W' has shape \(N, 2\).*Write them as inte"):
        start_value(sg.parameter("W", ("N", 2)))

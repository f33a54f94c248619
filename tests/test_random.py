"""The counter-based random numbers, against published vectors, Python integers and mpmath."""

import math
import statistics
from collections import Counter
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from symgraph import random
from symgraph.errors import KindError, RangeError, ShapeError

MASK = 0xFFFFFFFF

# Random123, tests/kat_vectors, lines "threefry2x32 20": counter, key, result.
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def threefry_on_python_integers(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """The same cipher one word at a time on unbounded integers, written from the paper."""
    rotations = [13, 15, 26, 6, 17, 29, 16, 24]
    keys = [key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]]
    x, y = [(c + k) & MASK for c, k in zip(counter, key, strict=True)]
    for number in range(20):
        x = (x + y) & MASK
        turned = y << rotations[number % 8]
        y = ((turned | turned >> 32) & MASK) ^ x
        if number % 4 == 3:
            injection = number // 4 + 1
            x = (x + keys[injection % 3]) & MASK
            y = (y + keys[(injection + 1) % 3] + injection) & MASK
    return x, y


def element(seed: int, stream: int, number: int) -> tuple[int, int]:
    """The two words of one element, by Python integers alone."""
    key = threefry_on_python_integers(split(seed), split(stream))
    return threefry_on_python_integers(key, split(number))


def split(number: int) -> tuple[int, int]:
    return number & MASK, number >> 32


def kolmogorov_distance(
    sample: np.ndarray, distribution: Callable[[np.ndarray], np.ndarray]
) -> float:
    """The largest gap between the empirical and the given distribution function."""
    exact = distribution(np.sort(sample))
    steps = np.arange(sample.size + 1) / sample.size
    return max(np.max(steps[1:] - exact), np.max(exact - steps[:-1]))


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_threefry_gives_the_published_answers(counter, key, result):
    w0, w1 = random.threefry2x32(key, counter)

    assert (int(w0), int(w1)) == result
    assert threefry_on_python_integers(key, counter) == result


def test_threefry_takes_arrays_of_counters_and_of_keys_at_once():
    counters, keys, results = (
        np.array(column, np.uint32) for column in zip(*KNOWN_ANSWERS, strict=True)
    )

    w0, w1 = random.threefry2x32(keys.T, counters.T)

    assert results[:, 0].tolist() == w0.tolist()
    assert results[:, 1].tolist() == w1.tolist()


def test_threefry_broadcasts_key_words_against_counter_words():
    rows = np.array([[7], [8]])
    columns = np.array([1, 2, 3])

    w0, w1 = random.threefry2x32((rows, 5), (columns, 9))

    assert w0.shape == w1.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        expected = threefry_on_python_integers((int(rows[i, 0]), 5), (int(columns[j]), 9))
        assert (int(w0[i, j]), int(w1[i, j])) == expected


def test_threefry_leaves_its_arguments_as_they_were():
    key = np.array([1, 2], np.uint32)
    counter = np.array([3, 4], np.uint32)

    random.threefry2x32(key, counter)

    assert [*key.tolist(), *counter.tolist()] == [1, 2, 3, 4]


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 0x0123456789ABCDEF, 2**64 - 1])
@pytest.mark.parametrize("stream", [0, 1, 2**32, 2**64 - 1])
def test_a_stream_key_is_the_stream_number_encrypted_under_the_seed(seed, stream):
    expected = threefry_on_python_integers(split(seed), split(stream))

    assert random.stream_key(seed, stream) == expected


def test_word_e_of_a_stream_is_counter_e_under_the_stream_key():
    count = 40_000  # more than two of the chunks in which the words are made
    w0, w1 = random.words(2**40 + 3, 11, count)

    assert (w0.dtype, w1.dtype) == (np.uint32, np.uint32)
    for number in (0, 1, 16_383, 16_384, 32_768, count - 1):
        assert (int(w0[number]), int(w1[number])) == element(2**40 + 3, 11, number)


@pytest.mark.parametrize("make", [random.bits, random.uniform, random.normal])
def test_an_element_does_not_depend_on_how_many_are_made(make):
    many = make(5, 6, (20_000,))

    for count in (1, 7, 16_384, 16_385):
        assert many[:count].tolist() == make(5, 6, count).tolist()


@pytest.mark.parametrize("make", [random.bits, random.uniform, random.normal])
def test_elements_are_numbered_in_row_major_order(make):
    flat = make(5, 6, 24)
    cube = make(5, 6, (2, 3, 4))

    assert cube.shape == (2, 3, 4)
    assert flat[1 * 12 + 2 * 4 + 3] == cube[1, 2, 3]
    assert flat[0] == make(5, 6, ())[()]


def test_bits_are_pinned():
    drawn = random.bits(42, 7, (4,))

    assert drawn.dtype == np.int64
    assert drawn.tolist() == [3260932463, 3138139275, 613951754, 3314299043]


def test_uniform_is_the_top_53_bits_of_both_words():
    drawn = random.uniform(42, 7, (100,))

    assert drawn.dtype == np.float64
    for number, value in enumerate(drawn.tolist()):
        w0, w1 = element(42, 7, number)
        assert value == (w0 * 2**32 + w1) // 2**11 / 2**53


def test_float32_uniform_is_the_top_24_bits_of_the_first_word():
    drawn = random.uniform(42, 7, (100,), np.float32)

    assert drawn.dtype == np.float32
    for number, value in enumerate(drawn.tolist()):
        assert value == element(42, 7, number)[0] // 2**8 / 2**24


def test_normal_is_box_muller_to_the_last_digits():
    drawn = random.normal(42, 7, (50,))

    assert drawn.dtype == np.float64
    with mpmath.workdps(40):
        for number, value in enumerate(drawn.tolist()):
            w0, w1 = element(42, 7, number)
            u1 = (w0 + mpmath.mpf("0.5")) / 2**32
            exact = mpmath.sqrt(-2 * mpmath.log(u1)) * mpmath.cos(2 * mpmath.pi * w1 / 2**32)
            assert abs(exact - value) < 5e-15


def test_float32_normal_is_the_float64_value_rounded():
    exact = random.normal(42, 7, (1000,)).tolist()
    drawn = random.normal(42, 7, (1000,), np.float32)

    assert drawn.dtype == np.float32
    assert max(abs(d / e - 1) for d, e in zip(drawn.tolist(), exact, strict=True)) <= 2**-24


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_uniform_has_the_uniform_distribution(dtype):
    sample = random.uniform(3, 0, 100_000, dtype).astype(np.float64)

    assert sample.min() >= 0
    assert sample.max() < 1
    assert abs(sample.mean() - 1 / 2) < 4 * math.sqrt(1 / 12 / sample.size)
    assert abs(sample.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / sample.size)
    # 1.95 / sqrt(n) is passed by chance once in a thousand seeds
    assert kolmogorov_distance(sample, lambda u: u) < 1.95 / math.sqrt(sample.size)


def test_normal_has_the_normal_distribution():
    sample = random.normal(3, 1, 100_000)
    cumulative = np.vectorize(statistics.NormalDist().cdf)

    assert abs(sample.mean()) < 4 / math.sqrt(sample.size)
    assert abs(sample.var() - 1) < 4 * math.sqrt(2 / sample.size)
    assert abs((sample**3).mean()) < 4 * math.sqrt(15 / sample.size)
    assert abs((sample**4).mean() - 3) < 4 * math.sqrt(96 / sample.size)
    assert kolmogorov_distance(sample, cumulative) < 1.95 / math.sqrt(sample.size)


def test_neighbouring_seeds_streams_and_elements_are_uncorrelated():
    size = 100_000
    first = random.normal(0, 0, size)
    others = [random.normal(1, 0, size), random.normal(0, 1, size), np.roll(first, 1)]

    for other in others:
        assert abs((first * other).mean()) < 4 / math.sqrt(size)


def test_every_bit_is_set_half_of_the_time():
    for sample in random.words(0, 0, 100_000):
        set_bits = (sample[:, None] >> np.arange(32, dtype=np.uint32)) & 1

        assert np.abs(set_bits.mean(axis=0) - 1 / 2).max() < 4.5 / 2 / math.sqrt(sample.size)


def test_permutation_is_pinned_for_small_n():
    assert random.permutation(0, 0).tolist() == []
    assert random.permutation(1, 0).tolist() == [0]
    assert random.permutation(10, 0).tolist() == [6, 3, 4, 5, 1, 2, 9, 8, 7, 0]
    assert [3, 6, 2, 4, 5, 0, 1] == random.permutation(7, seed=1, stream=3).tolist()


def test_permutation_sorts_the_elements_by_their_64_bits():
    order = random.permutation(200, seed=2**63, stream=9)

    assert order.dtype == np.int64
    assert order.tolist() == sorted(range(200), key=lambda number: element(2**63, 9, number))


def test_permutation_holds_every_number_once():
    assert np.sort(random.permutation(12_345, seed=8)).tolist() == list(range(12_345))


def test_the_24_permutations_of_four_come_equally_often():
    draws = 1_200
    seen = Counter(tuple(random.permutation(4, 0, stream).tolist()) for stream in range(draws))

    chi_square = sum((count - draws / 24) ** 2 / (draws / 24) for count in seen.values())
    assert len(seen) == 24
    assert chi_square < 49.7  # 23 degrees of freedom: passed by chance once in a thousand


@pytest.mark.parametrize("bad", [-1, 2**64, -(2**70)])
def test_a_seed_or_stream_outside_64_bits_is_refused(bad):
    with pytest.raises(RangeError, match=rf"seed is {bad}, and a seed lies in \[0, 2\*\*64\)"):
        random.uniform(bad, 0, 3)
    with pytest.raises(RangeError, match=rf"stream is {bad}, and a stream lies in"):
        random.permutation(3, 0, bad)


@pytest.mark.parametrize("bad", [1.0, "1", None, (1,)])
def test_a_seed_or_stream_that_is_no_integer_is_refused(bad):
    with pytest.raises(KindError, match=f"seed is .* of type {type(bad).__name__}"):
        random.bits(bad, 0, 3)
    with pytest.raises(KindError, match=f"stream is .* of type {type(bad).__name__}"):
        random.stream_key(0, bad)


def test_numpy_integers_are_seeds_and_sizes():
    expected = random.bits(7, 8, (2, 3)).tolist()

    assert random.bits(np.uint64(7), np.int8(8), (np.int64(2), 3)).tolist() == expected


def test_a_bad_shape_is_refused():
    with pytest.raises(ShapeError, match=r"\(2, -3\) has a negative size"):
        random.uniform(0, 0, (2, -3))
    with pytest.raises(ShapeError, match="negative size"):
        random.permutation(-1, 0)
    with pytest.raises(KindError, match=r"shape 2\.5 has a size that is no integer"):
        random.normal(0, 0, 2.5)


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.complex128, "nonsense", object])
@pytest.mark.parametrize("make", [random.uniform, random.normal])
def test_random_reals_of_another_dtype_are_refused(make, dtype):
    with pytest.raises(KindError, match=r"random: dtype is .* it is 'float64' or 'float32'"):
        make(0, 0, 3, dtype)


def test_threefry_refuses_what_is_not_two_pairs_of_words():
    with pytest.raises(ShapeError, match="key has 3 words, and 2 are needed"):
        random.threefry2x32((1, 2, 3), (0, 0))
    with pytest.raises(KindError, match="counter word has dtype float64"):
        random.threefry2x32((1, 2), (0.5, 0))
    with pytest.raises(RangeError, match=r"run from 4294967296 to 4294967296"):
        random.threefry2x32((1, 2**32), (0, 0))
    with pytest.raises(RangeError, match="run from -1 to 5"):
        random.threefry2x32((1, 2), ([5, -1], 0))
    with pytest.raises(ShapeError, match="do not broadcast"):
        random.threefry2x32(([1, 2], 0), ([1, 2, 3], 0))

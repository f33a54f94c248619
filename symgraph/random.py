"""Counter-based random numbers: element e of a stream depends on (seed, stream, e) alone.

The generator is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
numbers: as easy as 1, 2, 3", SC11). It keeps no state: whatever is asked for, in whatever order or
size, the same element is the same number, and every compiled target can make it on its own.

`bits`, `uniform` and `permutation` are exact integer work, equal to the last bit everywhere.
`normal` goes through log, sqrt and cos, which two libraries may round differently in the last bits.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from symgraph.answers import answer_calls
from symgraph.dtypes import Dtype, real_dtype
from symgraph.errors import KindError, RangeError, ShapeError

__all__ = [
    "KEY_PARITY",
    "ROTATIONS",
    "bits",
    "normal",
    "permutation",
    "stream_key",
    "threefry2x32",
    "uniform",
    "words",
]

Words = npt.NDArray[np.uint32]
Reals = npt.NDArray[np.floating[Any]]

KEY_PARITY = 0x1BD11BDA
"""The third key word is key[0] ^ key[1] ^ KEY_PARITY."""

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
"""Left rotations of the four rounds before each key injection: even groups, odd groups."""

_GROUPS = 5  # of four rounds each, a key injection after every group
_CHUNK = 1 << 14  # elements; three uint32 buffers of this size stay in a 256 kB cache
_WORD = 0xFFFFFFFF


def threefry2x32(
    key: Sequence[npt.ArrayLike], counter: Sequence[npt.ArrayLike]
) -> tuple[Words, Words]:
    """The two 32-bit words that Threefry-2x32-20 makes of a two-word key and a two-word counter.

    Shapes: the two words of key and of counter broadcast together; both results have that shape.
    Raises KindError for words that are no integers, RangeError outside [0, 2**32), ShapeError when
    key or counter has not two words or the shapes do not broadcast.
    Source: Salmon et al. 2011, sec. 4.1; constants and test vectors as in Random123.

    >>> [f"{int(word):08x}" for word in threefry2x32((0, 0), (0, 0))]
    ['6b200159', '99ba4efe']
    """
    k0, k1 = _two_words(key, "key")
    c0, c1 = _two_words(counter, "counter")
    try:
        shape = np.broadcast_shapes(k0.shape, k1.shape, c0.shape, c1.shape)
    except ValueError as error:
        raise ShapeError(
            f"threefry2x32: the key words have shapes {k0.shape} and {k1.shape}, the counter words "
            f"{c0.shape} and {c1.shape}, and these do not broadcast. Pass equal shapes or scalars."
        ) from error
    x0 = np.broadcast_to(c0, shape).copy()
    x1 = np.broadcast_to(c1, shape).copy()
    _encrypt(np.atleast_1d(x0), np.atleast_1d(x1), k0, k1)
    return x0, x1


def stream_key(seed: int, stream: int) -> tuple[int, int]:
    """The key (k0, k1) of a stream: the stream number encrypted under the seed, low words first.

    Raises KindError for a seed or stream that is no integer, RangeError outside [0, 2**64).

    >>> stream_key(0, 0) == (0x6B200159, 0x99BA4EFE)
    True
    """
    seed = _checked_64_bit("seed", seed)
    stream = _checked_64_bit("stream", stream)
    k0, k1 = threefry2x32((seed & _WORD, seed >> 32), (stream & _WORD, stream >> 32))
    return int(k0), int(k1)


def words(seed: int, stream: int, count: int) -> tuple[Words, Words]:
    """The two words of the elements 0 .. count-1 of a stream; the element number is the counter.

    Shapes: both results (count,). Raises as `stream_key`, and ShapeError for a negative count.

    >>> w0, w1 = words(seed=1, stream=0, count=3)
    >>> w0.tolist() == words(seed=1, stream=0, count=1000)[0][:3].tolist()
    True
    """
    (count,) = _checked_shape((count,))
    k0, k1 = (np.asarray(word, np.uint32) for word in stream_key(seed, stream))
    w0 = np.empty(count, np.uint32)
    w1 = np.empty(count, np.uint32)
    offsets = np.arange(min(count, _CHUNK), dtype=np.uint32)
    for start in range(0, count, _CHUNK):
        x0 = w0[start : start + _CHUNK]
        x1 = w1[start : start + _CHUNK]
        # _CHUNK divides 2**32, so no chunk carries from the low word into the high word
        np.add(offsets[: x0.size], np.uint32(start & _WORD), out=x0)
        x1.fill(start >> 32)
        _encrypt(x0, x1, k0, k1)
    return w0, w1


def bits(seed: int, stream: int, shape: int | Sequence[int]) -> npt.NDArray[np.int64]:
    """Integers 0 .. 2**32 - 1, each equally likely: the first word of every element.

    Elements are numbered in row-major order. Raises as `words`.

    >>> bits(seed=0, stream=0, shape=(2, 2)).shape
    (2, 2)
    """
    shape = _checked_shape(shape)
    w0, _ = words(seed, stream, math.prod(shape))
    return w0.astype(np.int64).reshape(shape)


def uniform(
    seed: int, stream: int, shape: int | Sequence[int], dtype: npt.DTypeLike = np.float64
) -> Reals:
    """Reals in [0, 1): multiples of 2**-53 (float64, both words) or 2**-24 (float32, first word).

    Elements are numbered in row-major order. Raises as `words`, and KindError for another dtype.

    >>> u = uniform(seed=0, stream=0, shape=(1000,))
    >>> bool(0 <= u.min() and u.max() < 1)
    True
    """
    shape = _checked_shape(shape)
    real = _checked_real(dtype)
    w0, w1 = words(seed, stream, math.prod(shape))
    if real == "float32":
        w0 >>= 8
        return (w0.astype(np.float32) * np.float32(2**-24)).reshape(shape)
    joined = _joined(w0, w1)
    joined >>= 11
    return np.multiply(joined, 2.0**-53).reshape(shape)


def normal(
    seed: int, stream: int, shape: int | Sequence[int], dtype: npt.DTypeLike = np.float64
) -> Reals:
    """Reals of the standard normal distribution, by Box-Muller from each element's own two words.

    Elements are numbered in row-major order; float32 is the float64 value rounded; no value is
    further than 6.77 from 0. Raises as `words`, and KindError for another dtype.
    Source: Box and Muller 1958, Ann. Math. Statist. 29(2); the cosine branch.

    >>> normal(seed=0, stream=0, shape=(2, 3), dtype="float32").dtype
    dtype('float32')
    """
    shape = _checked_shape(shape)
    real = _checked_real(dtype)
    w0, w1 = words(seed, stream, math.prod(shape))
    u1 = (w0 + 0.5) * 2.0**-32  # never 0, where the logarithm has no value
    u2 = w1 * 2.0**-32
    values = np.sqrt(-2.0 * np.log(u1)) * np.cos(2.0 * np.pi * u2)
    rounded: Reals = values.astype(real, copy=False)
    return rounded.reshape(shape)


def permutation(n: int, seed: int, stream: int = 0) -> npt.NDArray[np.int64]:
    """The numbers 0 .. n-1 in random order: the order that sorts n 64-bit words of the stream.

    Shapes: result (n,). Raises as `words`.

    >>> sorted(permutation(5, seed=0).tolist())
    [0, 1, 2, 3, 4]
    """
    order = np.argsort(_joined(*words(seed, stream, n)), kind="stable")
    return order.astype(np.int64, copy=False)


def _encrypt(x0: Words, x1: Words, k0: Words, k1: Words) -> None:
    """Replace the counter words by the random words, in place (uint32 sums wrap on purpose)."""
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(KEY_PARITY))
    carried_out = np.empty_like(x1)
    x0 += k0
    x1 += k1
    for group in range(_GROUPS):
        for rotation in ROTATIONS[group % 2]:
            x0 += x1
            np.right_shift(x1, 32 - rotation, out=carried_out)
            x1 <<= rotation
            x1 |= carried_out
            x1 ^= x0
        x0 += keys[(group + 1) % 3]
        x1 += keys[(group + 2) % 3]
        x1 += group + 1


def _joined(w0: Words, w1: Words) -> npt.NDArray[np.uint64]:
    joined = w0.astype(np.uint64)
    joined <<= 32
    joined |= w1
    return joined


def _two_words(pair: Sequence[npt.ArrayLike], name: str) -> tuple[Words, Words]:
    if len(pair) != 2:
        raise ShapeError(f"threefry2x32: {name} has {len(pair)} words, and 2 are needed.")
    return _checked_word(pair[0], name), _checked_word(pair[1], name)


def _checked_word(value: npt.ArrayLike, name: str) -> Words:
    word = np.asarray(value)
    if word.dtype == np.uint32:
        return word
    if word.dtype.kind not in "iu":
        raise KindError(
            f"threefry2x32: a {name} word has dtype {word.dtype}, and 32-bit words are integers. "
            "Pass Python ints below 2**32 or uint32 arrays."
        )
    if word.size and (word.min() < 0 or word.max() > _WORD):
        raise RangeError(
            f"threefry2x32: the {name} words run from {word.min()} to {word.max()}, and a word "
            "lies in [0, 2**32). Split larger numbers into (value & 0xFFFFFFFF, value >> 32)."
        )
    return word.astype(np.uint32)


def _checked_64_bit(name: str, value: int) -> int:
    try:
        number = operator.index(value)
    except TypeError as error:
        raise KindError(
            f"random: {name} is {value!r} of type {type(value).__name__}, and a {name} is an "
            "integer. Pass a non-negative int below 2**64."
        ) from error
    if not 0 <= number < 2**64:
        raise RangeError(
            f"random: {name} is {number}, and a {name} lies in [0, 2**64). "
            f"Pass a non-negative int below 2**64, such as {name} % 2**64."
        )
    return number


def _checked_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, Sequence) else (shape,)
    try:
        checked = tuple(operator.index(size) for size in sizes)
    except TypeError as error:
        raise KindError(
            f"random: the shape {shape!r} has a size that is no integer. Pass non-negative ints."
        ) from error
    if any(size < 0 for size in checked):
        raise ShapeError(
            f"random: the shape {shape!r} has a negative size, and a size is at least 0."
        )
    return checked


def _checked_real(dtype: npt.DTypeLike | None) -> Dtype:
    """None is float64 here, as it is in NumPy."""
    return real_dtype("random", np.float64 if dtype is None else dtype)


answer_calls(globals(), __all__)

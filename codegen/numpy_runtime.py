"""What emitted NumPy code calls besides NumPy; the source of each used function is emitted with it.

Every function here must stand on NumPy, `math` and the functions above it alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class ShapeError(ValueError):
    """Sizes that do not fit together."""


class RangeError(IndexError):
    """An index outside of its axis."""


class NonFiniteError(ArithmeticError):
    """NaN or infinity where finite numbers were asked for."""


def slots(sizes: Sequence[int], dtype: Any) -> list[Any]:
    """One block of memory cut into vectors, each beginning on a cache line.

    Large vectors begin at different places of a page, far from each other: lines that lie whole
    pages apart share one set of the cache, and a processor takes what is read shortly behind a line
    of another page that was just written for the same line, and waits.
    """
    width = np.dtype(dtype).itemsize
    line, page = 64 // width, 4096 // width
    starts, end, large = [], 0, 0
    for size in sizes:
        if size >= page:
            place = int(f"{large % 16:04b}"[::-1], 2) * 4 * line  # 0, 1/2, 1/4, 3/4, 1/8 of a page
            end += (place - end) % page
            large += 1
        starts.append(end)
        end += -(-size // line) * line
    span = 4096 if end >= page else 64
    block = np.zeros(end + span // width, dtype)
    address = block.ctypes.data
    skip = (address // 4096 * 37 * 64 - address) % span // width
    return [block[skip + at : skip + at + size] for at, size in zip(starts, sizes, strict=True)]


def neighbours(*arrays: Any) -> list[Any]:
    """The arrays as vectors; those that follow each other in one block of memory are one vector."""
    found: list[Any] = []
    end, block = 0, None
    for array in arrays:
        vector = array if array.ndim == 1 else array.reshape(-1)
        if array.base is None:
            found.append(vector)
            block = None
            continue
        start = array.__array_interface__["data"][0]
        if array.base is block and start == end:
            size = found[-1].size + vector.size
            found[-1] = np.lib.stride_tricks.as_strided(found[-1], (size,), vector.strides)
        else:
            found.append(vector)
        end, block = start + array.nbytes, array.base
    return found


def cut_like(vector: Any, parts: Any) -> list[Any]:
    """The pieces of a vector that are as long as the parts."""
    pieces, end = [], 0
    for part in parts:
        start, end = end, end + len(part)
        pieces.append(vector[start:end])
    return pieces


def as_vector(parts: Any, memory: Any) -> tuple[Any, list[Any], list[tuple[Any, Any]]]:
    """A vector of all parts, its pieces, and those with parts that are not the same memory.

    A single part is the vector itself; of several it has the memory that is given.
    """
    if len(parts) == 1:
        return parts[0], parts, []
    pieces = cut_like(memory, parts)
    return memory, pieces, list(zip(pieces, parts, strict=True))


def together(count: int, width: int) -> int:
    """How many of so many rows NumPy takes at once, when what it needs for each is there for all.

    They fill NumPy's buffer, through which it copies what is less; 1 where that does not pay.
    """
    size = np.getbufsize()
    if not 8 <= width <= 1024 or count * width < 4 * size:
        return 1
    least = -(-size // width)
    return next((n for n in range(least, 4 * least + 1) if count % n == 0), 1)


def by_rows(x: Any, rows: int) -> Any:
    """An array seen by so many rows."""
    return x.reshape(-1, rows, x.shape[-1]) if rows > 1 else x


def repeated_row(row: Any, memory: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """A row for all rows of a memory, and what must be copied for that."""
    return (memory, [(memory, row)]) if len(memory) > 1 else (row[None], [])


def repeated(number: Any, shape: Any, dtype: Any, rows: int = 1) -> Any:
    """A number as an array of a shape, of some rows of it, or, where that is large, of less.

    NumPy takes the larger one of two arrays of one shape in a third of the time.
    """
    if rows > 1:
        return np.full((rows, shape[-1]), number, dtype)
    if math.prod(shape) > 65536:
        shape = shape[-1:] if len(shape) > 1 and 32 <= shape[-1] <= 65536 else ()
    return np.full(shape, number, dtype)


def affine_view(x: Any, shape: Any, rows: Any) -> Any:
    """x[offset + sum of step * i[axis], ...] for all i below `shape`, without a copy.

    `rows` holds (offset, ((axis, step), ...)) for each axis of x; all positions lie inside.
    """
    if 0 in shape:
        return np.empty(shape, x.dtype)
    strides = [0] * len(shape)
    for axis, (_, steps) in enumerate(rows):
        for target, step in steps:
            strides[target] += step * x.strides[axis]
    start = x[tuple(slice(offset, None) for offset, _ in rows)]
    return np.lib.stride_tricks.as_strided(start, shape, strides)


def check_inside(shape: Any, sizes: Any, rows: Any) -> None:
    """Raise RangeError when a position offset + sum of step * i[axis] lies outside of an axis."""
    if 0 in shape:
        return
    for size, (offset, steps, checked) in zip(sizes, rows, strict=False):
        first = offset + sum(min(0, step * (shape[axis] - 1)) for axis, step in steps)
        last = offset + sum(max(0, step * (shape[axis] - 1)) for axis, step in steps)
        if checked and (first < 0 or last >= size):
            bad = first if first < 0 else max(last, size)
            raise RangeError(
                f"slice: position {bad} is outside 0..{size - 1}. Give data with more entries "
                "along the axis, or an index inside of it."
            )


def affine_pieces(target: Any, source: Any, rows: Any) -> list[tuple[Any, Any]]:
    """Pairs of views (of target, of source): adding each source to its target is a scatter-add.

    Entry i of `source` belongs to offset + sum of step * i[axis] of `target`; what falls outside
    is left out. `rows` holds (offset, ((axis, step), ...)) for each axis of target. Axes that share
    a row with a longer one are gone through one by one, the others are left to NumPy.
    """
    if source.size == 0:
        return []
    free: list[int] = []
    taken: set[int] = set()
    for axis in sorted(range(source.ndim), key=lambda axis: -source.shape[axis]):
        own = {row for row, (_, steps) in enumerate(rows) if any(axis == a for a, _ in steps)}
        if own and taken.isdisjoint(own):
            free.append(axis)
            taken |= own
    looped = [axis for axis in range(source.ndim) if axis not in free]
    pieces = []
    for place in np.ndindex(*(source.shape[axis] for axis in looped)):
        piece = _one_piece(target, source, rows, dict(zip(looped, place, strict=False)))
        if piece is not None:
            pieces.append(piece)
    return pieces


def _one_piece(target: Any, source: Any, rows: Any, at: Any) -> Any:
    """The views where some axes of source stand still; None where nothing lies inside."""
    first, last, strides = [0] * source.ndim, [*source.shape], [0] * source.ndim
    corner: list[Any] = []
    for (offset, steps), size, stride in zip(rows, target.shape, target.strides, strict=False):
        start = offset + sum(step * at[axis] for axis, step in steps if axis in at)
        moving = [(axis, step) for axis, step in steps if axis not in at]
        if not moving and not 0 <= start < size:
            return None
        for axis, step in moving:
            low, high = (start, size - 1 - start) if step > 0 else (size - 1 - start, start)
            first[axis] = max(first[axis], -(low // abs(step)))
            last[axis] = min(last[axis], high // abs(step) + 1)
            strides[axis] += step * stride
        corner.append((start, moving))
    free = [axis for axis in range(source.ndim) if axis not in at]
    if any(first[axis] >= last[axis] for axis in free):
        return None
    begin = [start + sum(step * first[axis] for axis, step in moving) for start, moving in corner]
    spans = map(slice, first, last)
    # With ... a view, also where no axis is left.
    part = source[(*(at.get(axis, span) for axis, span in enumerate(spans)), ...)]
    reached = target[(*(slice(k, None) for k in begin), ...)]
    place = np.lib.stride_tricks.as_strided(reached, part.shape, [strides[axis] for axis in free])
    return place, part


def flat_places(shape: Any, sizes: Any, rows: Any) -> tuple[Any, Any]:
    """The part of the flat positions that does not depend on data, and where it lies outside.

    `rows` holds (offset, ((axis, step), ...)), or None for an axis addressed by data. The second
    result is None when all positions lie inside.
    """
    grid = np.ogrid[tuple(slice(n) for n in shape)] if shape else ()
    base: Any = np.zeros((1,) * len(shape), np.int64)
    outside: Any = np.zeros((1,) * len(shape), bool)
    stride = 1
    for size, row in zip(reversed(sizes), reversed(rows), strict=False):
        if row is not None:
            at: Any = row[0]
            for axis, step in row[1]:
                at = at + step * grid[axis]
            outside = outside | (at < 0) | (at >= size)
            base = base + np.clip(at, 0, max(size - 1, 0)) * stride
        stride *= size
    places = np.array(np.broadcast_to(base, shape), order="C")
    if not outside.any():
        return places, None
    return places, np.array(np.broadcast_to(outside, shape), order="C")


def check_unsigned(index: Any, size: int, name: str) -> None:
    """Raise RangeError naming the first index outside 0..size-1 and its position.

    Indices come as unsigned numbers, where those below 0 are very large.
    """
    if index.size and index.item(index.argmax()) >= size:
        place = tuple(int(i) for i in np.argwhere(index >= size)[0])
        raise RangeError(
            f"{name}: index {int(index.view(np.int64)[place])} at position {place} is outside "
            f"0..{size - 1}. Give indices from 0 up to the size of the axis minus one."
        )


def check_index(index: Any, size: int, name: str) -> None:
    """The same for integers of any kind."""
    check_unsigned(index.astype(np.int64, copy=False).view(np.uint64), size, name)


def as_input(value: Any, dtype: Any, shape: Any, name: str) -> Any:
    """An argument as a C-contiguous array; None in `shape` stands for any size."""
    array = np.asarray(value)
    wanted = np.dtype(dtype).kind
    if array.dtype.kind not in {"f": "fiub", "i": "iu", "b": "b"}[wanted]:
        raise TypeError(
            f"{name} has dtype {array.dtype}, it must be convertible to {np.dtype(dtype)}."
        )
    if array.ndim != len(shape) or any(
        n not in (None, m) for n, m in zip(shape, array.shape, strict=False)
    ):
        raise ShapeError(f"{name} has shape {array.shape}, it must have shape {shape}.")
    return np.require(array, dtype, ["C", "A"])


def scatter_rows(target: Any, index: Any, rows: Any) -> None:
    """target = 0, then target[index] += rows with repeated indices added up.

    By the fastest of three ways: `add.at` for a few entries, else one count over all entries when
    the target is not much larger than the rows, else sums of sorted runs.
    """
    width = int(np.prod(target.shape[1:]))
    if index.size * width <= 512 or target.dtype.kind != "f":
        target.fill(0)
        np.add.at(target, index, rows)
        return
    places, values = index.reshape(-1), rows.reshape(-1, width)
    if len(target) <= 8 * index.size:
        flat = (places[:, None] * width + np.arange(width)).reshape(-1)
        found = np.bincount(flat, values.reshape(-1), len(target) * width)
        target[...] = found.reshape(target.shape)
        return
    target.fill(0)
    order = np.argsort(places, kind="stable")
    places = places[order]
    first = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
    runs = np.add.reduceat(values[order], first, axis=0)
    target[places[first]] = runs.reshape(-1, *target.shape[1:])


def check_finite(value: Any, name: str) -> None:
    """Raise NonFiniteError when a value is not finite everywhere."""
    if not np.isfinite(value).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(np.asarray(value)))[0]]
        found = np.asarray(value)[tuple(place)]
        raise NonFiniteError(
            f"{name} is {found} at position {tuple(place)}. Look at the data, lower the learning "
            "rate, or compile without check_finite=True."
        )


def threefry(k0: Any, k1: Any, c0: Any, c1: Any) -> tuple[Any, Any]:
    """Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw 2011) on uint32 arrays."""
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(0x1BD11BDA))
    x0, x1 = c0 + k0, c1 + k1
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x0 += x1
            high = x1 >> np.uint32(32 - turn)
            x1 <<= np.uint32(turn)
            x1 |= high
            x1 ^= x0
        x0 += keys[(group + 1) % 3]
        x1 += keys[(group + 2) % 3]
        x1 += np.uint32(group + 1)
    return x0, x1


def random_words(key: int, stream: int, count: int, first: int = 0) -> tuple[Any, Any]:
    """Two random words for each of so many elements of a stream under a key, from the first on."""
    if not 0 <= key < 2**64:
        raise RangeError(f"random: the key is {key}, it lies in 0..2**64-1. Give key % 2**64.")
    parts = [np.array([n], np.uint32) for n in (key & 0xFFFFFFFF, key >> 32)]
    count_parts = [np.array([n], np.uint32) for n in (stream & 0xFFFFFFFF, stream >> 32)]
    k0, k1 = threefry(*parts, *count_parts)
    w0, w1 = np.empty(count, np.uint32), np.empty(count, np.uint32)
    for start in range(0, count, 1 << 14):  # pieces that stay in a cache
        stop = min(count, start + (1 << 14))
        number = np.arange(first + start, first + stop, dtype=np.uint64)
        low, high = number.astype(np.uint32), (number >> np.uint64(32)).astype(np.uint32)
        piece = slice(start, start + len(number))
        w0[piece], w1[piece] = threefry(k0, k1, low, high)
    return w0, w1


def random_bits(key: int, stream: int, shape: Any, dtype: Any, first: int = 0) -> Any:
    """Integers 0 .. 2**32 - 1."""
    words = random_words(key, stream, math.prod(shape), first)[0]
    return words.astype(np.int64).reshape(shape)


def random_uniform(key: int, stream: int, shape: Any, dtype: Any, first: int = 0) -> Any:
    """Reals in [0, 1): 53 bits for float64, 24 for float32."""
    w0, w1 = random_words(key, stream, math.prod(shape), first)
    if dtype == np.float32:
        return ((w0 >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)).reshape(shape)
    joined = (w0.astype(np.uint64) << np.uint64(32) | w1) >> np.uint64(11)
    return np.multiply(joined, 2.0**-53).reshape(shape)


def random_normal(key: int, stream: int, shape: Any, dtype: Any, first: int = 0) -> Any:
    """Reals of the standard normal distribution, by Box and Muller's formula."""
    w0, w1 = random_words(key, stream, math.prod(shape), first)
    radius = np.sqrt(-2.0 * np.log((w0 + 0.5) * 2.0**-32))
    return (radius * np.cos(2.0 * np.pi * (w1 * 2.0**-32))).astype(dtype).reshape(shape)


# --- plain numbers: as NumPy computes them, never an exception ------------------------------------


def number(function: Callable[..., float], at_error: float = math.nan) -> Callable[..., float]:
    """A function of `math` that gives NaN where it has no value, and `at_error` on overflow."""

    def safe(*xs: float) -> float:
        try:
            return function(*xs)
        except OverflowError:
            return at_error
        except ValueError:
            return math.nan

    return safe


def divide(a: float, b: float) -> float:
    """a / b, infinite or NaN for b = 0."""
    if b:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """a to the power of b."""
    try:
        value = a**b
    except ZeroDivisionError:
        whole = b == math.floor(b) and b % 2 == 1
        return math.copysign(math.inf, a) if whole else math.inf
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    return math.nan if isinstance(value, complex) else value


def log(x: float) -> float:
    """The natural logarithm."""
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def log1p(x: float) -> float:
    """log(1 + x)."""
    if x > -1:
        return math.log1p(x)
    return -math.inf if x == -1 else math.nan


def atanh(x: float) -> float:
    """The inverse hyperbolic tangent."""
    if -1 < x < 1:
        return math.atanh(x)
    return math.copysign(math.inf, x) if x in (-1, 1) else math.nan


def sqrt(x: float) -> float:
    """The square root."""
    return math.sqrt(x) if x >= 0 else math.nan


def sinh(x: float) -> float:
    """The hyperbolic sine."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def whole(x: float, rounded: Callable[[float], int]) -> float:
    """x rounded by math.floor or math.ceil; stays a float, as it may be infinite."""
    return float(rounded(x)) if math.isfinite(x) else x


def remainder(a: float, b: float) -> float:
    """a modulo b with the sign of b."""
    if b and math.isfinite(a):
        return a % b
    return math.nan if isinstance(a, float) or isinstance(b, float) else 0


def floor_divide(a: float, b: float) -> float:
    """The floor of a / b."""
    if b:
        return a // b if math.isfinite(a) else math.nan
    return divide(a, b) if isinstance(a, float) or isinstance(b, float) else 0


exp = number(math.exp, math.inf)
expm1 = number(math.expm1, math.inf)
cosh = number(math.cosh, math.inf)
sin = number(math.sin)
cos = number(math.cos)
tan = number(math.tan)
asin = number(math.asin)
acos = number(math.acos)
acosh = number(math.acosh)
tanh = math.tanh
atan = math.atan
asinh = math.asinh
atan2 = math.atan2


# --- code for reading -----------------------------------------------------------------------------


def logsumexp(x: Any, axis: Any) -> Any:
    """log(sum(exp(x))) along axes, without overflow."""
    peak = np.max(x, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(peak), peak, 0.0)
    total = np.log(np.sum(np.exp(x - shift), axis=axis))
    return total + shift.reshape(np.shape(total))


def positions(shape: Any, sizes: Any, rows: Any, indices: Any) -> tuple[list[Any], Any]:
    """Places along each axis for all entries of a shape, and where all lie inside.

    `rows` holds (offset, ((axis, step), ...)) or, for an axis addressed by the next of `indices`,
    the axes of the shape that this index array has.
    """
    grid = np.ogrid[tuple(slice(n) for n in shape)] if shape else ()
    inside: Any = np.ones((1,) * len(shape), bool)
    places: list[Any] = []
    given = iter(indices)
    for size, (kind, row) in zip(sizes, rows, strict=True):
        if kind == "index":
            index = np.asarray(next(given))
            check_index(index, size, "lookup")
            spread = [n if axis in row else 1 for axis, n in enumerate(shape)]
            places.append(index.transpose(np.argsort(row)).reshape(spread))
            continue
        at: Any = np.full((1,) * len(shape), row[0])
        for axis, step in row[1]:
            at = at + step * grid[axis]
        inside = inside & (at >= 0) & (at < size)
        places.append(np.clip(at, 0, max(size - 1, 0)))
    return places, inside


def gather(x: Any, shape: Any, rows: Any, *indices: Any) -> Any:
    """x read at the positions of `rows`, 0 outside of it."""
    places, inside = positions(shape, x.shape, rows, indices)
    if x.size == 0:
        return np.zeros(shape, x.dtype)
    return np.where(inside, np.broadcast_to(x[tuple(places)], shape), np.zeros((), x.dtype))


def scatter(x: Any, shape: Any, rows: Any, *indices: Any) -> Any:
    """Each entry of x added to zeros at its position of `rows`."""
    if not shape:
        return np.asarray(np.sum(x))
    places, inside = positions(x.shape, shape, rows, indices)
    chosen = np.broadcast_to(inside, x.shape)
    target = np.zeros(shape, x.dtype)
    np.add.at(target, tuple(np.broadcast_to(p, x.shape)[chosen] for p in places), x[chosen])
    return target


def embedded(x: Any, shape: Any, axes: Any) -> Any:
    """x on a diagonal of zeros: axis k of the result has the index of axis axes[k] of x."""
    target = np.zeros(shape, x.dtype)
    grid = np.ix_(*(np.arange(n) for n in x.shape))
    target[tuple(grid[axis] for axis in axes)] = x
    return target

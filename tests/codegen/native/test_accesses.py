"""What is read off a call of a prebuilt routine: no less than every entry that it touches."""

import itertools

from hypothesis import given, settings, strategies as st

from symgraph.codegen.native.accesses import read_unit
from symgraph.codegen.native.shares import Ranges, span
from symgraph.codegen.native.writer import Line

SIDE, STRIDE = st.integers(1, 4), st.integers(0, 7)
TABLE = st.lists(st.integers(0, 9), min_size=4, max_size=4)


def _spans(text: str, tables: dict[str, list[int]]) -> dict[str, tuple[int, int] | None]:
    """The first and the last entry of a, b and c, as they are read off a call."""
    constants = {name: ", ".join(map(str, entries)) for name, entries in tables.items()}
    code = read_unit([Line(text, 1, 1)], frozenset(["a1", "b1", "c1", *tables]), constants)
    assert code.readable
    ranges = Ranges(code, {})
    return {one.array[0]: span(ranges, one) for one in code.accesses if one.array not in tables}


def _holds(found: dict[str, tuple[int, int] | None], touched: dict[str, set[int]]) -> None:
    for name, places in touched.items():
        reach = found[name]
        assert reach is not None
        assert reach[0] <= min(places), name
        assert max(places) <= reach[1], name


@settings(max_examples=60, deadline=None)
@given(m=SIDE, n=SIDE, k=SIDE, am=STRIDE, cm=STRIDE, ak=TABLE, bk=TABLE)
def test_rows_reach_as_far_as_their_tables(
    m: int, n: int, k: int, am: int, cm: int, ak: list[int], bk: list[int]
) -> None:
    text = f"f->lib->rows_f32({m}, {n}, {k}, a1 + 5, {am}, k1, b1 + 6, k2, c1 + 7, {cm}, 0);"
    touched: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}
    for i, j, q in itertools.product(range(m), range(n), range(k)):
        touched["a"].add(5 + i * am + ak[q])
        touched["b"].add(6 + bk[q] + j)
        touched["c"].add(7 + i * cm + j)

    _holds(_spans(text, {"k1": ak, "k2": bk}), touched)


@settings(max_examples=60, deadline=None)
@given(
    m=SIDE, n=SIDE, k=SIDE, rows=SIDE, am=STRIDE, cm=STRIDE, ar=TABLE, bn=TABLE, br=TABLE, cn=TABLE
)  # fmt: skip
def test_dots_reach_to_the_ends_of_their_runs(
    m: int, n: int, k: int, rows: int, am: int, cm: int,
    ar: list[int], bn: list[int], br: list[int], cn: list[int],
) -> None:  # fmt: skip
    text = (
        f"f->lib->dots_f32({m}, {n}, {k}, {rows}, a1 + 5, {am}, k1, b1 + 6, k2, k3, "
        f"c1 + 7, {cm}, k4, 0);"
    )
    touched: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}
    for i, j, q, p in itertools.product(range(m), range(n), range(k), range(rows)):
        touched["a"].add(5 + i * am + ar[p] + q)
        touched["b"].add(6 + bn[j] + br[p] + q)
        touched["c"].add(7 + i * cm + cn[j])

    _holds(_spans(text, {"k1": ar, "k2": bn, "k3": br, "k4": cn}), touched)


@settings(max_examples=60, deadline=None)
@given(
    m=SIDE, n=SIDE, k=SIDE, pieces=SIDE, bk=TABLE, bp=TABLE, cr=TABLE, cp=TABLE
)  # fmt: skip
def test_products_that_pass_over_zeros_reach_as_far_as_their_tables(
    m: int, n: int, k: int, pieces: int,
    bk: list[int], bp: list[int], cr: list[int], cp: list[int],
) -> None:  # fmt: skip
    text = (
        f"f->lib->sparse_f32({m}, {n}, {k}, {pieces}, a1 + 5, {k}, b1 + 6, k1, k2, "
        "c1 + 7, k3, k4, 1);"
    )
    touched: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}
    for i, j, q, p in itertools.product(range(m), range(n), range(k), range(pieces)):
        touched["a"].add(5 + i * k + q)
        touched["b"].add(6 + bk[q] + bp[p] + j)
        touched["c"].add(7 + cr[i] + cp[p] + j)

    _holds(_spans(text, {"k1": bk, "k2": bp, "k3": cr, "k4": cp}), touched)


def test_a_table_in_memory_may_lead_anywhere() -> None:
    text = "f->lib->rows_f32(2, 3, 4, a1, 5, k1, b1, c2, c1, 6, 0);"
    code = read_unit([Line(text, 1, 1)], frozenset(["a1", "b1", "c1", "k1", "c2"]), {"k1": "0, 1"})

    assert [one.at for one in code.accesses if one.array == "b1"] == [None]

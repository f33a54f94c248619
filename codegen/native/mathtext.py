"""The vector functions of the C target as text: those that a kernel calls and what they call.

The functions stand in data/math.h as one template for float and double; constants and polynomials
are filled in here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from symgraph.codegen.native.polynomials import POLYNOMIALS

__all__ = ["FUNCTIONS", "needed"]

#: 2/pi, 1216 binary digits behind 64 zeros.
_TWO_OVER_PI = """
    0x0000000000000000 0xa2f9836e4e441529 0xfc2757d1f534ddc0 0xdb6295993c439041
    0xfe5163abdebbc561 0xb7246e3a424dd2e0 0x06492eea09d1921c 0xfe1deb1cb129a73e
    0xe88235f52ebb4484 0xe99c7026b45f7e41 0x3991d639835339f4 0x9c845f8bbdf9283b
    0x1ff897ffde05980f 0xef2f118b5a0a6d1f 0x6d367ecf27cb09b7 0x4f463f669e5fea2d
    0x7527bac7ebe5f17b 0x3d0739f78a5292ea 0x6bfb5fb11f8d5d08 0x56033046fc7b6bab
""".split()

_SHARED = {
    "PI_2_A": "1.5707963267341256",
    "PI_2_B": "6.0771005063039660e-11",
    "PI_2_C": "2.0222662487959506e-21",
    "TWO_OVER_PI": ",\n        ".join(
        ", ".join(f"{word}ull" for word in _TWO_OVER_PI[k : k + 3]) for k in range(0, 20, 3)
    ),
}
_CONSTANTS: dict[str, dict[str, str]] = {
    "double": {
        "F": "", "BIAS": "1023", "MANTISSA": "52", "MAGIC": "0x1.8p52",
        "MAGIC_BITS": "0x4338000000000000", "EXP_LOW": "-746", "EXP_HIGH": "711",
        "DOWN": "128", "BY_DOWN": "0x1p-128",
        "LN2_HI": "0x1.62e42fefa38p-1", "LN2_LO": "0x1.ef35793c7673p-45",
        "LOG2E": "0x1.71547652b82fep0", "TINY": "0x1p-1022", "TWO_MANTISSA": "0x1p52",
        "TWO_MANTISSA_BITS": "0x4330000000000000", "ONE_BITS": "0x3ff0000000000000",
        "SQRT_HALF_BITS": "0x3fe6a09e667f3bcd", "MANTISSA_MASK": "0xfffffffffffff",
        "HUGE": "0x1p28", "SPLIT": "0x1.0000002p27", "FAST_FMA": "__FP_FAST_FMA",
        "POW_BOUND": "0x1p65", "LN2": "0x1.62e42fefa39efp-1", "HALF": "0.5", "QUARTER": "0.25",
        "HEADROOM": "11", "TANH_LOW": "-60", "TANH_NEAR": "0.1225",
        "PI": "0x1.921fb54442d18p1", "PI_LO": "0x1.1a62633145c07p-53",
        "PI_2": "0x1.921fb54442d18p0", "PI_2_LO": "0x1.1a62633145c07p-54",
        "PI_4": "0x1.921fb54442d18p-1", "PI_4_LO": "0x1.1a62633145c07p-55",
        "TWO_THIRDS": "0x1.5555555555555p-1", "TWO_THIRDS_LO": "0x1.5555555555555p-55",
        "TAN_1_8": "0x1.a827999fcef32p-2", "TAN_3_8": "0x1.3504f333f9de6p1",
        "MAX": "0x1.fffffffffffffp1023", "NEARER": "(e + e * e * (1 + e))",
        "NEAR": "__builtin_ia32_rcp14pd512_mask", "LEAST": "__builtin_ia32_minpd512",
        "LARGEST": "__builtin_ia32_maxpd512",
    },
    "float": {
        "F": "f", "BIAS": "127", "MANTISSA": "23", "MAGIC": "0x1.8p23f",
        "MAGIC_BITS": "0x4b400000", "EXP_LOW": "-105", "EXP_HIGH": "90",
        "DOWN": "64", "BY_DOWN": "0x1p-64f",
        "LN2_HI": "0x1.62e4p-1f", "LN2_LO": "0x1.7f7d1cp-20f",
        "LOG2E": "0x1.715476p0f", "TINY": "0x1p-126f", "TWO_MANTISSA": "0x1p23f",
        "TWO_MANTISSA_BITS": "0x4b000000", "ONE_BITS": "0x3f800000",
        "SQRT_HALF_BITS": "0x3f3504f3", "MANTISSA_MASK": "0x7fffff",
        "HUGE": "0x1p13f", "SPLIT": "0x1.002p12f", "FAST_FMA": "__FP_FAST_FMAF",
        "POW_BOUND": "0x1p34f", "LN2": "0x1.62e43p-1f", "HALF": "0.5f", "QUARTER": "0.25f",
        "HEADROOM": "8", "TANH_LOW": "-60", "TANH_NEAR": "0.1225f",
        "PI": "0x1.921fb6p1f", "PI_LO": "-0x1.777a5cp-24f",
        "PI_2": "0x1.921fb6p0f", "PI_2_LO": "-0x1.777a5cp-25f",
        "PI_4": "0x1.921fb6p-1f", "PI_4_LO": "-0x1.777a5cp-26f",
        "TWO_THIRDS": "0x1.555556p-1f", "TWO_THIRDS_LO": "-0x1.555556p-26f",
        "TAN_1_8": "0x1.a8279ap-2f", "TAN_3_8": "0x1.3504f4p1f",
        "MAX": "0x1.fffffep127f", "NEARER": "e",
        "NEAR": "__builtin_ia32_rcp14ps512_mask", "LEAST": "__builtin_ia32_minps512",
        "LARGEST": "__builtin_ia32_maxps512",
    },
}  # fmt: skip


class _Block(NamedTuple):
    calls: tuple[str, ...]
    text: str


@cache
def _blocks() -> Mapping[str, _Block]:
    """The blocks of both templates by name, each behind the ones that it calls."""
    folder = files("symgraph.codegen.native") / "data"
    found: dict[str, _Block] = {}
    for name in ("math.h", "math_integer.h"):
        for part in (folder / name).read_text(encoding="utf-8").split("\n//: ")[1:]:
            head, text = part.split("\n", 1)
            title, *calls = head.split()
            found[title] = _Block(tuple(calls), text.rstrip() + "\n")
    return found


_HELPERS = frozenset(
    "bits from_bits pow2 reduced halved exp_half mantissa arc product log_pair turns "
    "quadrant wave modulo".split()
)
#: What `needed` takes: the functions that emitted code may call, without their sg_.
FUNCTIONS = frozenset(_blocks()) - _HELPERS


def needed(names: Iterable[str], real: str, inline: bool = True) -> str:
    """The C text of these functions, and of all that they call; empty for no name.

    A function `exp` is called sg_exp; those of whole numbers, `i_power`, sg_i_power. With `inline`
    they are inlined, so that the loop around is vectorised; without, straight-line code is short.

    >>> print(needed(["abs"], "float"))
    #define SG_IN static inline __attribute__((always_inline))
    #define SG_FN SG_IN
    typedef unsigned int word;
    <BLANKLINE>
    SG_FN float sg_abs(float x) { return __builtin_fabsf(x); }
    <BLANKLINE>
    """
    blocks = _blocks()
    wanted: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack += blocks[name].calls
    if not wanted:
        return ""
    own = "SG_IN" if inline else "static __attribute__((noinline))"
    head = (
        "#define SG_IN static inline __attribute__((always_inline))\n"
        f"#define SG_FN {own}\n"
        f"typedef unsigned {'int' if real == 'float' else 'long long'} word;\n"
    )
    return "\n".join([head, *(_filled(name, real) for name in blocks if name in wanted)])


@cache
def _filled(name: str, real: str) -> str:
    """A block with its constants, polynomials and types."""
    constants = {**_SHARED, **_CONSTANTS[real]}

    def polynomial(found: re.Match[str]) -> str:
        form, title, at = found.groups()
        suffix = "f" if real == "float" else ""
        numbers = [f"{number!r}{suffix}" for number in POLYNOMIALS[title, real]]
        return _in_halves(numbers, at) if form == "HALVES" else _one_by_one(numbers, at)

    text = re.sub(r"(POLY|HALVES)\((\w+), (\w+)\)", polynomial, _blocks()[name].text)
    text = re.sub(r"\$([A-Z0-9_]+)", lambda found: constants[found[1]], text)
    return re.sub(r"\breal\b", real, text)


def _one_by_one(numbers: Sequence[str], at: str) -> str:
    """A polynomial in Horner's form, constant term first."""
    *rest, text = numbers
    for number in reversed(rest):
        text = f"({number} + {at} * {text})"
    return text


def _in_halves(numbers: Sequence[str], at: str) -> str:
    """The same by sums of neighbours, and of these, each time at the square of the power before.

    >>> _in_halves("abcde", "x")
    '((a + x * b) + (x * x) * ((c + x * d) + (x * x) * e))'
    """
    terms = list(numbers)
    while len(terms) > 1:
        if len(terms) % 2 and len(terms) < len(numbers):
            terms[-2:] = [f"({terms[-2]} + {at} * {terms[-1]})"]
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = [f"({pair[0]} + {at} * {pair[1]})" if len(pair) > 1 else pair[0] for pair in pairs]
        at = f"({at} * {at})"
    return terms[0]

"""What an author chooses: the sign of entrywise products, how indicators look, d or ∂."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from symgraph.errors import UnsupportedError
from symgraph.printing import latex_name, unicode_name

__all__ = [
    "INDICATORS",
    "PRODUCTS",
    "Indicators",
    "Products",
    "Signs",
    "Spelling",
    "told_apart",
    "written_small",
]

Products = Literal["⊙", "∘", "*", "×"]
Indicators = Literal["1[·]", "1{·}", "𝟙[·]", "𝟙{·}", "[·]", "I(·)", "I[·]"]
Signs = Literal["d", "∂"]

#: In text, in Unicode, in LaTeX. Text has the usual ASCII sign unless another one is asked for.
PRODUCTS: dict[str, tuple[str, str, str]] = {
    "⊙": ("*", "⊙", r"\odot"),
    "∘": ("∘", "∘", r"\circ"),
    "*": ("*", "*", "*"),
    "×": ("×", "×", r"\times"),
}
# \mathbf needs no package; \mathbb{1} is a digit only with packages such as unicode-math or bbm.
INDICATORS: dict[str, tuple[str, str, str]] = {
    "1[·]": ("1[{}]", "1[{}]", r"\mathbf{{1}}\left[{}\right]"),
    "1{·}": ("1{{{}}}", "1{{{}}}", r"\mathbf{{1}}\left\{{{}\right\}}"),
    "𝟙[·]": ("1[{}]", "𝟙[{}]", r"\mathbb{{1}}\left[{}\right]"),
    "𝟙{·}": ("1{{{}}}", "𝟙{{{}}}", r"\mathbb{{1}}\left\{{{}\right\}}"),
    "[·]": ("[{}]", "[{}]", r"\left[{}\right]"),
    "I(·)": ("I({})", "I({})", r"I\left({}\right)"),
    "I[·]": ("I[{}]", "I[{}]", r"I\left[{}\right]"),
}


@dataclass(frozen=True, slots=True)
class Spelling:
    """The choices that change how a formula looks and never what it says.

    `product` is the sign of entrywise products, `indicator` the look of 1[condition], `derivative`
    the sign in dL/dW; by default that is d in text and Unicode, ∂ in LaTeX. `literal` are names
    that are written as they are spelled (W1, not W₁). `subscripts` writes entries as w_ij^(1) and
    not as W₁[i,j], those of the names in `lowered` in lower case. `identity` tells that I is the
    identity; where something else is called I, that is written diag(𝟏).
    Raises UnsupportedError for a value that is not offered.
    """

    product: Products = "⊙"
    indicator: Indicators = "1[·]"
    derivative: Signs | None = None
    literal: frozenset[str] = frozenset()
    subscripts: bool = False
    lowered: frozenset[str] = frozenset()
    identity: bool = True

    def __post_init__(self) -> None:
        _check("product", self.product, PRODUCTS)
        _check("indicator", self.indicator, INDICATORS)
        if self.derivative is not None:
            _check("derivative", self.derivative, get_args(Signs))


def _check(option: str, given: object, allowed: Iterable[str]) -> None:
    if given not in list(allowed):
        listed = ", ".join(map(repr, allowed))
        raise UnsupportedError(f"derive: {option}={given!r} is not offered; write one of {listed}.")


def told_apart(names: Iterable[str]) -> frozenset[str]:
    """The names that must be written as they are spelled, so that no two names look alike.

    >>> sorted(told_apart(["W1", "W₁", "W2", "phi", "φ"]))
    ['W1', 'phi']
    """
    known = sorted(set(names))
    return _clashing(known, unicode_name) | _clashing(known, latex_name)


def written_small(matrices: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """The matrices whose entries are written in lower case: w_ij of W, unless there is a w, too.

    >>> sorted(written_small(["W1", "X", "Net"], ["W1", "X", "x"]))
    ['W1']
    """
    known = {unicode_name(name) for name in names}
    return frozenset(
        name
        for name in matrices
        if name[0].isupper()
        and not name[1:2].isalpha()
        and unicode_name(name[0].lower() + name[1:]) not in known
    )


def _clashing(names: Iterable[str], spelled: Callable[[str], str]) -> frozenset[str]:
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(spelled(name), []).append(name)
    return frozenset(
        name for group in alike.values() for name in group if name != _keeps_its_form(group)
    )


def _keeps_its_form(group: list[str]) -> str:
    return next((name for name in group if unicode_name(name) == name), group[0])

"""Positions in arrays as polynomials in loop indices and sizes, read off emitted C."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["ONE", "Polynomial", "read"]

_MOST = 64  # terms; longer expressions are not looked into


@dataclass(frozen=True)
class Polynomial:
    """A sum of multiples of products of names, which are integers of at least 0."""

    terms: Mapping[tuple[str, ...], int]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __add__(self, other: Polynomial) -> Polynomial:
        found = dict(self.terms)
        for names, count in other.terms.items():
            found[names] = found.get(names, 0) + count
        return Polynomial({names: count for names, count in found.items() if count})

    def __mul__(self, other: Polynomial) -> Polynomial:
        total: dict[tuple[str, ...], int] = {}
        for (a, x), (b, y) in itertools.product(self.terms.items(), other.terms.items()):
            names = tuple(sorted(a + b)) if a and b else a or b
            total[names] = total.get(names, 0) + x * y
        return Polynomial({names: count for names, count in total.items() if count})

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + Polynomial({names: -count for names, count in other.terms.items()})

    @property
    def number(self) -> int | None:
        """The number that it is, if it is one."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def names(self) -> set[str]:
        """The names in it."""
        return {name for names in self.terms for name in names}

    def over(self, other: Polynomial) -> Polynomial | None:
        """The quotient by a single term; None where it leaves a rest."""
        if len(other.terms) != 1:
            return Polynomial({(): 1}) if self == other else None
        (below, count), found = next(iter(other.terms.items())), {}
        for names, each in self.terms.items():
            left = list(names)
            for name in below:
                if name not in left:
                    return None
                left.remove(name)
            if each % count:
                return None
            found[tuple(left)] = each // count
        return Polynomial(found)

    def by(self, name: str) -> tuple[Polynomial, Polynomial] | None:
        """The factor of a name, and all else; None where the name occurs otherwise."""
        factor, rest = Polynomial({}), Polynomial({})
        for names, count in self.terms.items():
            if name not in names:
                rest += Polynomial({names: count})
                continue
            left = list(names)
            left.remove(name)
            if name in left:
                return None
            factor += Polynomial({tuple(left): count})
        return factor, rest

    def is_positive(self) -> bool:
        """Whether it is at least 1 where all names are at least 1; False when that is not seen."""
        shifted = Polynomial({})
        for names, count in self.terms.items():
            term = Polynomial({(): count})
            for name in names:
                term *= Polynomial({(): 1, (name,): 1})
            shifted += term
        return shifted.terms.get((), 0) >= 1 and all(count >= 0 for count in shifted.terms.values())

    def text(self) -> str:
        """The polynomial in C."""
        parts = [
            "*".join(([str(count)] if count != 1 or not names else []) + list(names))
            for names, count in self.terms.items()
        ]
        text = " + ".join(parts) or "0"
        return f"({text})" if len(parts) > 1 else text


ONE = Polynomial({(): 1})


def read(text: str, atoms: dict[str, set[str]] | None = None) -> Polynomial | None:
    """The polynomial that a C expression is; None for what cannot be read.

    What is no sum or product becomes a name of its own; `atoms` gets the names that it depends on.
    """
    try:
        tree = ast.parse(text.strip() or "0", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = _read(tree, {} if atoms is None else atoms)
    return None if found is None or len(found.terms) > _MOST else found


def _read(tree: ast.expr, atoms: dict[str, set[str]]) -> Polynomial | None:
    if isinstance(tree, ast.Constant) and type(tree.value) is int:
        return Polynomial({(): tree.value} if tree.value else {})
    if isinstance(tree, ast.Name):
        return Polynomial({(tree.id,): 1})
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub, ast.Mult)):
        left, right = _read(tree.left, atoms), _read(tree.right, atoms)
        if left is None or right is None:
            return None
        if isinstance(tree.op, ast.Mult):
            return left * right
        return left + right if isinstance(tree.op, ast.Add) else left - right
    text = f"({ast.unparse(tree)})"
    atoms[text] = set(_names(tree))
    return Polynomial({(text,): 1})


def _names(tree: ast.expr) -> Iterable[str]:
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))

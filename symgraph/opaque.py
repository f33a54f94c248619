"""Opaque: a SymPy expression that SymPy never looks into.

SymPy's own methods treat an expression as a tree, which is exponential on a DAG and overflows the
stack on a deep one. Those that need no walk are answered here, or refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, Self

import sympy
from sympy.logic.boolalg import Boolean

from symgraph.errors import KindError, UnsupportedError
from symgraph.shapes import Shape, shape_text

__all__ = ["Opaque"]


class Opaque(sympy.Expr, Boolean):
    """What SymPy may ask of a node without knowing its operands."""

    __slots__ = ()

    shape: Shape

    # SymPy asks these of every expression.
    _argset = ()  # where `sympy.preorder_traversal` looks for more, and then ends
    is_number = False
    is_comparable = False
    _op_priority = 100.0

    def _itself(self, *args: object, **kwargs: object) -> Self:
        return self

    doit = expand = simplify = refine = cancel = factor = together = apart = _itself
    nsimplify = collect = ratsimp = trigsimp = radsimp = powsimp = normal = removeO = _itself
    rewrite = _rewrite = as_dummy = copy = as_expr = conjugate = adjoint = _itself
    evalf = n = _eval_evalf = _eval_simplify = _eval_refine = _eval_conjugate = _itself
    combsimp = gammasimp = separate = rcall = _itself
    _eval_rewrite = __copy__ = __pos__ = to_nnf = _eval_adjoint = _itself

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _no(self, *args: object, **kwargs: object) -> bool:
        return False

    could_extract_minus_sign = is_polynomial = is_rational_function = _no
    is_algebraic_expr = is_meromorphic = is_constant = _no
    _eval_is_comparable = _no

    def _nothing(self, *args: object, **kwargs: object) -> None:
        return None

    match = matches = as_coefficient = extract_multiplicatively = extract_additively = _nothing
    _eval_power = _eval_is_extended_positive_negative = _eval_subs = _nothing

    def equals(self, other: object, failing_expression: bool = False) -> bool | None:
        return True if self is other else None

    def is_same(self, other: object, approx: object = None) -> bool:
        return self is other

    def dummy_eq(self, other: object, symbol: object = None) -> bool:
        return self is other

    def is_hypergeometric(self, k: object) -> bool:
        return False

    def as_content_primitive(self, radical: bool = False, clear: bool = True) -> tuple[Any, Self]:
        return sympy.S.One, self

    def primitive(self) -> tuple[Any, Self]:
        return sympy.S.One, self

    def as_coeff_Mul(self, rational: bool = False) -> tuple[Any, Self]:
        return sympy.S.One, self

    def as_coeff_Add(self, rational: bool = False) -> tuple[Any, Self]:
        return sympy.S.Zero, self

    def as_coeff_mul(self, *deps: object, **kwargs: object) -> tuple[Any, tuple[Self]]:
        return sympy.S.One, (self,)

    def as_coeff_add(self, *deps: object) -> tuple[Any, tuple[Self]]:
        return sympy.S.Zero, (self,)

    def as_base_exp(self) -> tuple[Self, Any]:
        return self, sympy.S.One

    def as_numer_denom(self) -> tuple[Self, Any]:
        return self, sympy.S.One

    def as_real_imag(self, deep: bool = True, **hints: object) -> tuple[Self, Any]:
        return self, sympy.S.Zero

    def as_powers_dict(self) -> dict[Any, Any]:
        return {self: sympy.S.One}

    def as_coefficients_dict(self, *syms: object) -> dict[Any, Any]:
        return {self: sympy.S.One}

    def as_ordered_factors(self, order: object = None) -> list[Self]:
        return [self]

    def as_ordered_terms(self, order: object = None, data: bool = False) -> list[Self]:
        return [self]

    def args_cnc(self, cset: bool = False, *args: object, **kwargs: object) -> list[Any]:
        return [{self} if cset else [self], []]

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            f"node of shape {shape_text(self.shape)}: SymPy would walk the graph as a tree. "
            "Use sg.grad, sg.jacobian or sg.derive for derivatives, and n.to_sympy() for a small "
            "plain expression."
        )

    diff = _eval_derivative = _eval_derivative_n_times = integrate = series = limit = _refuse
    as_leading_term = nseries = _eval_nseries = as_poly = as_terms = as_independent = _refuse
    _eval_derivative_matrix_lines = fourier_series = fps = aseries = lseries = _refuse

    def _is_number_request(self, *args: object, **options: object) -> NoReturn:
        raise KindError(
            f"node of shape {shape_text(self.shape)} is a formula, not a number. "
            "Use sg.evaluate(node, values) or sg.compile(...)."
        )

    __int__ = __float__ = __complex__ = __index__ = _is_number_request
    __array__ = __round__ = __trunc__ = _is_number_request

    def __len__(self) -> int:
        if not self.shape or not isinstance(self.shape[0], int):
            raise KindError(
                f"node of shape {shape_text(self.shape)} has no length; its first size must be a "
                "number. Read the sizes from .shape."
            )
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape or not isinstance(self.shape[0], int):
            raise KindError(
                f"node of shape {shape_text(self.shape)} cannot be iterated; its first size must "
                "be a number. Use sg.scan for a symbolic length."
            )
        return (self[i] for i in range(self.shape[0]))

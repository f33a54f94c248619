"""Rows 1 to 34: gradients by vectors and matrices, traces, determinants, inverses, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

import symgraph as sg
from identities.row import SHAPES, SQUARE, TALL, Problem, Row, v

__all__ = ["ROWS"]

inv, det = np.linalg.inv, np.linalg.det


def _linear(s: Any) -> Problem:
    x = v("x", s.n)
    return Problem(x @ v("a", s.n), x)


def _bilinear(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    return Problem(v("a", s.n) @ X @ v("b", s.p), X)


def _bilinear_transposed(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    return Problem(v("a", s.p) @ X.T @ v("b", s.n), X)


def _gram_form(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    return Problem(v("b", s.p) @ X.T @ X @ v("c", s.p), X)


def _two_affine(s: Any) -> Problem:
    x, B, b = v("x", s.p), v("B", s.n, s.p), v("b", s.n)
    C, D, d = v("C", s.n, s.k), v("D", s.k, s.p), v("d", s.k)
    return Problem((B @ x + b) @ C @ (D @ x + d), x)


def _quadratic(s: Any) -> Problem:
    x = v("x", s.n)
    return Problem(x @ v("B", s.n, s.n) @ x, x)


def _form_in_matrix(s: Any) -> Problem:
    X, D = v("X", s.n, s.p), v("D", s.n, s.n)
    return Problem(v("b", s.p) @ X.T @ D @ X @ v("c", s.p), X)


def _affine_form(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    r = X @ v("b", s.p) + v("c", s.n)
    return Problem(r @ v("D", s.n, s.n) @ r, X)


def _residual_form(s: Any) -> Problem:
    A = v("A", s.n, s.p)
    r = v("x", s.n) - A @ v("s", s.p)
    return Problem(r @ v("W", s.n, s.n) @ r, A)


def _cube(s: Any) -> Problem:
    X = v("X", s.n, s.n)
    return Problem(v("a", s.n) @ X @ X @ X @ v("b", s.n), X)


def _det_of_form(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    return Problem(sg.det(X.T @ v("A", s.n, s.n) @ X), X)


def _log_det_gram(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    return Problem(sg.logdet(X.T @ X), X)


def _of_square(make: Any) -> Any:
    """A problem in one square matrix X."""

    def build(s: Any) -> Problem:
        X = v("X", s.n, s.n)
        return Problem(make(X, s), X)

    return build


def _of_matrix(make: Any) -> Any:
    """A problem in one matrix X with n rows and p columns."""

    def build(s: Any) -> Problem:
        X = v("X", s.n, s.p)
        return Problem(make(X, s), X)

    return build


def _inverse_of_form(s: Any) -> Problem:
    X, C = v("X", s.n, s.p), v("C", s.n, s.n)
    expr = sg.trace(sg.inv(X.T @ C @ X) @ v("A", s.p, s.p))
    return Problem(expr, X, {C.T: C})


def _ratio_of_forms(s: Any) -> Problem:
    X, B, C = v("X", s.n, s.p), v("B", s.n, s.n), v("C", s.n, s.n)
    M = sg.let("M", sg.inv(X.T @ C @ X))
    return Problem(sg.trace(M @ X.T @ B @ X), X, {B.T: B, C.T: C})


def _distance(s: Any) -> Problem:
    x = v("x", s.n)
    return Problem(sg.norm(x - v("a", s.n)), x)


def _logistic_losses(s: Any) -> Problem:
    X, w, y = v("X", s.n, s.p), v("w", s.p), v("y", s.n)
    return Problem(sg.sum(sg.log(sg.exp(-y * (X @ w)) + 1)), w)


def _factorisation(s: Any) -> Problem:
    U = v("U", s.n, s.k)
    return Problem(sg.sum((v("T", s.n, s.p) - U @ v("V", s.p, s.k).T) ** 2), U)


def _absolute_error(s: Any) -> Problem:
    x = v("x", s.p)
    return Problem(sg.sum(sg.abs(v("A", s.n, s.p) @ x - v("y", s.n))), x)


def _exponentials(s: Any) -> Problem:
    x = v("x", s.p)
    return Problem(v("a", s.n) @ v("A", s.n, s.p) @ sg.exp(x), x)


def _sigma(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _inverse_form_gradient(a: Any) -> Any:
    M = inv(a.X.T @ a.C @ a.X)
    return -(a.C @ a.X @ M) @ (a.A + a.A.T) @ M


def _ratio_gradient(a: Any) -> Any:
    M = inv(a.X.T @ a.C @ a.X)
    return -2 * a.C @ a.X @ M @ a.X.T @ a.B @ a.X @ M + 2 * a.B @ a.X @ M


def _det_form_gradient(a: Any) -> Any:
    M, N = a.X.T @ a.A @ a.X, a.X.T @ a.A.T @ a.X
    return det(M) * (a.A @ a.X @ inv(M) + a.A.T @ a.X @ inv(N))


def _cube_gradient(a: Any) -> Any:
    X, core = a.X.T, np.outer(a.a, a.b)
    return core @ X @ X + X @ core @ X + X @ X @ core


ROWS = (
    Row(1, "C69", "xᵀa", "a", _linear, lambda a: a.a),
    Row(2, "C70", "aᵀXb", "abᵀ", _bilinear, lambda a: np.outer(a.a, a.b)),
    Row(3, "C71", "aᵀXᵀb", "baᵀ", _bilinear_transposed, lambda a: np.outer(a.b, a.a)),
    Row(4, "C77", "bᵀXᵀXc", "X(bcᵀ+cbᵀ)", _gram_form,
        lambda a: a.X @ (np.outer(a.b, a.c) + np.outer(a.c, a.b))),
    Row(5, "C78", "(Bx+b)ᵀC(Dx+d)", "BᵀC(Dx+d)+DᵀCᵀ(Bx+b)", _two_affine,
        lambda a: a.B.T @ a.C @ (a.D @ a.x + a.d) + a.D.T @ a.C.T @ (a.B @ a.x + a.b)),
    Row(6, "C81", "xᵀBx", "(B+Bᵀ)x", _quadratic, lambda a: (a.B + a.B.T) @ a.x),
    Row(7, "C82", "bᵀXᵀDXc", "DᵀXbcᵀ+DXcbᵀ", _form_in_matrix,
        lambda a: a.D.T @ a.X @ np.outer(a.b, a.c) + a.D @ a.X @ np.outer(a.c, a.b)),
    Row(8, "C83", "(Xb+c)ᵀD(Xb+c)", "(D+Dᵀ)(Xb+c)bᵀ", _affine_form,
        lambda a: np.outer((a.D + a.D.T) @ (a.X @ a.b + a.c), a.b)),
    Row(9, "C88", "(x-As)ᵀW(x-As), W general", "-(W+Wᵀ)(x-As)sᵀ", _residual_form,
        lambda a: -np.outer((a.W + a.W.T) @ (a.x - a.A @ a.s), a.s)),
    Row(10, "C91", "aᵀX³b", "Σ_{r=0..2}(Xʳ)ᵀabᵀ(X²⁻ʳ)ᵀ", _cube, _cube_gradient, SQUARE),
    Row(11, "C49", "det X", "det(X)X⁻ᵀ", _of_square(lambda X, s: sg.det(X)),
        lambda a: det(a.X) * inv(a.X).T, SQUARE),
    Row(12, "C53", "det(XᵀAX), X tall, A general", "det(XᵀAX)(AX(XᵀAX)⁻¹+AᵀX(XᵀAᵀX)⁻¹)",
        _det_of_form, _det_form_gradient, TALL),
    Row(13, "C57", "log det X", "X⁻ᵀ", _of_square(lambda X, s: sg.logdet(X)),
        lambda a: inv(a.X).T, SQUARE),
    Row(14, "C55", "log det(XᵀX), X tall", "2X(XᵀX)⁻¹", _log_det_gram,
        lambda a: 2 * a.X @ inv(a.X.T @ a.X), TALL),
    Row(15, "C61", "aᵀX⁻¹b", "-X⁻ᵀabᵀX⁻ᵀ",
        _of_square(lambda X, s: v("a", s.n) @ sg.inv(X) @ v("b", s.n)),
        lambda a: -inv(a.X).T @ np.outer(a.a, a.b) @ inv(a.X).T, SQUARE),
    Row(16, "C63", "tr(AX⁻¹B)", "-(X⁻¹BAX⁻¹)ᵀ",
        _of_square(lambda X, s: sg.trace(v("A", s.k, s.n) @ sg.inv(X) @ v("B", s.n, s.k))),
        lambda a: -(inv(a.X) @ a.B @ a.A @ inv(a.X)).T),
    Row(17, "C64", "tr((X+A)⁻¹)", "-((X+A)⁻²)ᵀ",
        _of_square(lambda X, s: sg.trace(sg.inv(X + v("A", s.n, s.n)))),
        lambda a: -(inv(a.X + a.A) @ inv(a.X + a.A)).T, SQUARE),
    Row(18, "C101", "tr(AXB)", "AᵀBᵀ",
        _of_matrix(lambda X, s: sg.trace(v("A", s.k, s.n) @ X @ v("B", s.p, s.k))),
        lambda a: a.A.T @ a.B.T),
    Row(19, "C107", "tr(X²B)", "(XB+BX)ᵀ",
        _of_square(lambda X, s: sg.trace(X @ X @ v("B", s.n, s.n))),
        lambda a: (a.X @ a.B + a.B @ a.X).T, SQUARE),
    Row(20, "C108", "tr(XᵀBX)", "BX+BᵀX",
        _of_matrix(lambda X, s: sg.trace(X.T @ v("B", s.n, s.n) @ X)),
        lambda a: a.B @ a.X + a.B.T @ a.X),
    Row(21, "C114", "tr(AXBX)", "AᵀXᵀBᵀ+BᵀXᵀAᵀ",
        _of_matrix(lambda X, s: sg.trace(v("A", s.p, s.n) @ X @ v("B", s.p, s.n) @ X)),
        lambda a: a.A.T @ a.X.T @ a.B.T + a.B.T @ a.X.T @ a.A.T),
    Row(22, "C116", "tr(BᵀXᵀCXB)", "CᵀXBBᵀ+CXBBᵀ",
        _of_matrix(lambda X, s: (lambda B: sg.trace(B.T @ X.T @ v("C", s.n, s.n) @ X @ B))(
            v("B", s.p, s.k))),
        lambda a: a.C.T @ a.X @ a.B @ a.B.T + a.C @ a.X @ a.B @ a.B.T),
    Row(23, "C118", "tr(AXBXᵀC)", "AᵀCᵀXBᵀ+CAXB",
        _of_matrix(lambda X, s: sg.trace(
            v("A", s.k, s.n) @ X @ v("B", s.p, s.p) @ X.T @ v("C", s.n, s.k))),
        lambda a: a.A.T @ a.C.T @ a.X @ a.B.T + a.C @ a.A @ a.X @ a.B),
    Row(24, "C119", "‖AXB+C‖²_F", "2Aᵀ(AXB+C)Bᵀ",
        _of_matrix(lambda X, s: sg.sum(
            (v("A", s.k, s.n) @ X @ v("B", s.p, s.q) + v("C", s.k, s.q)) ** 2)),
        lambda a: 2 * a.A.T @ (a.A @ a.X @ a.B + a.C) @ a.B.T),
    Row(25, "C121", "tr(X⁴)", "4(X³)ᵀ", _of_square(lambda X, s: sg.trace(X @ X @ X @ X)),
        lambda a: 4 * (a.X @ a.X @ a.X).T, SQUARE),
    Row(26, "C125", "tr((XᵀCX)⁻¹A)", "-(CX(XᵀCX)⁻¹)(A+Aᵀ)(XᵀCX)⁻¹", _inverse_of_form,
        _inverse_form_gradient, TALL, domains={"C": "symmetric"}),
    Row(27, "C126", "tr((XᵀCX)⁻¹XᵀBX)", "-2CX M XᵀBX M+2BX M, M=(XᵀCX)⁻¹", _ratio_of_forms,
        _ratio_gradient, TALL, ("M",), {"B": "symmetric", "C": "symmetric"}),
    Row(28, "C129", "‖x-a‖₂", "(x-a)/‖x-a‖₂", _distance,
        lambda a: (a.x - a.a) / np.linalg.norm(a.x - a.a)),
    Row(29, "C132", "‖X‖²_F", "2X", _of_matrix(lambda X, s: sg.sum(X**2)), lambda a: 2 * a.X),
    Row(30, "L1", "sum(log(exp(-y⊙(Xw))+1))", "-Xᵀ(y⊙σ(-y⊙Xw))", _logistic_losses,
        lambda a: -a.X.T @ (a.y * _sigma(-a.y * (a.X @ a.w)))),
    Row(31, "L2", "‖T-UVᵀ‖²_F", "2(UVᵀ-T)V", _factorisation,
        lambda a: 2 * (a.U @ a.V.T - a.T) @ a.V),
    Row(32, "L3", "‖Ax-y‖₁", "Aᵀsign(Ax-y)", _absolute_error,
        lambda a: a.A.T @ np.sign(a.A @ a.x - a.y)),
    Row(33, "L4", "log det(X⁻¹)", "-X⁻ᵀ", _of_square(lambda X, s: sg.logdet(sg.inv(X))),
        lambda a: -inv(a.X).T, SQUARE),
    Row(34, "L5", "aᵀA exp(x)", "(Aᵀa)⊙exp(x)", _exponentials,
        lambda a: (a.A.T @ a.a) * np.exp(a.x), SHAPES),
)  # fmt: skip

"""Input that no part of the library can use is refused with a typed error, wherever it enters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy

import symgraph as sg

A = sg.input("A", (2, 2))
ZERO = np.zeros((2, 2))


@pytest.mark.parametrize(
    "expr", [sg.inv(A), sg.solve(A, np.ones(2)), sg.grad(sg.logdet(A), A)], ids=str
)
def test_a_singular_matrix_has_no_inverse(expr):
    with pytest.raises(sg.NonFiniteError, match=r"inverse of a matrix of shape \(2, 2\).*singular"):
        sg.evaluate(expr, {"A": ZERO})


@pytest.mark.parametrize(
    "number",
    [2**63, -(2**63) - 1, 10**30, 10**400, sympy.Integer(2**63), np.array([1, 2**63], "u8")],
)
def test_integers_beyond_64_bits_are_refused_when_they_enter(number):
    with pytest.raises(sg.RangeError, match="64"):
        sg.input("x") + number


def test_the_largest_and_the_smallest_integer_keep_their_values():
    assert sg.evaluate(sg.const(2**63 - 1)) == 9223372036854775807
    assert sg.evaluate(sg.const(-(2**63))) == -9223372036854775808


def test_rows_of_different_lengths_are_no_array():
    with pytest.raises(sg.KindError, match="const: list is not an array"):
        sg.const([[1.0], [1.0, 2.0]])
    with pytest.raises(sg.KindError, match=r"variable 'v' has shape \(2,\).*no array"):
        sg.evaluate(sg.input("v", 2) * 2, {"v": [[1.0], [1.0, 2.0]]})


@pytest.mark.parametrize("convert", [np.array, np.asarray, lambda x: np.array([x, x])])
def test_a_node_does_not_become_an_array(convert):
    with pytest.raises(sg.KindError, match="is a formula, not a number"):
        convert(sg.input("x"))


def test_a_name_that_no_file_can_hold_is_refused():
    with pytest.raises(sg.KindError, match="half a character"):
        sg.input("\ud800")


def test_a_check_shows_no_control_character_of_a_name():
    x = sg.input("x\x1b[31m")
    assert "\x1b" not in str(sg.check(x * x))


def test_a_rule_of_einsum_is_text():
    with pytest.raises(sg.ShapeError, match="rule None must be text"):
        sg.einsum(None, A)  # type: ignore[arg-type]  # the mistake under test


def test_a_picture_needs_a_file_name():
    with pytest.raises(sg.DrawError, match=r"Write 'graph.svg'"):
        sg.draw(A * 2).save(Path())


def test_the_command_writes_letters_that_the_terminal_lacks_as_escapes():
    command = [sys.executable, "-m", "symgraph", "derive", "zoo:hinge", "--format", "unicode"]
    found = subprocess.run(
        command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )

    assert found.returncode == 0, found.stderr
    assert b"\\u03c6" in found.stdout


@pytest.mark.parametrize("style", ["fast", "read"])
def test_a_compiled_program_refuses_a_singular_matrix(style: str) -> None:
    matrix = sg.input("A", (2, 2))
    program = sg.compile([matrix], sg.inv(matrix), style=style)

    with pytest.raises(sg.NonFiniteError, match=r"singular, at `.*inv"):
        program(np.zeros((2, 2)))
    assert np.allclose(program(np.eye(2) * 4), np.eye(2) / 4)

"""Large round numbers as they are printed, and read back as formulas."""

from __future__ import annotations

import pytest

import symgraph as sg

WRITTEN = [
    (10**9, "10⁹", "1e9", "10^{9}"),
    (1e6, "10⁶", "1e6", "10^{6}"),
    (2.5e6, "2.5·10⁶", "2.5e6", r"2.5 \cdot 10^{6}"),
    (-7e7, "−7·10⁷", "-7e7", r"-7 \cdot 10^{7}"),
    (-(10**12), "−10¹²", "-1e12", "-10^{12}"),
    (4 * 10**18, "4·10¹⁸", "4e18", r"4 \cdot 10^{18}"),
    (10.0**22, "1e+22", "1e+22", r"1 \cdot 10^{22}"),
    (999_999, "999999", "999999", "999999"),
    (100_000, "100000", "100000", "100000"),
    (123_000_000, "123000000", "123000000", "123000000"),
]


@pytest.mark.parametrize(("number", "unicode", "text", "latex"), WRITTEN)
def test_large_round_numbers_are_written_by_powers_of_ten(number, unicode, text, latex):
    z = sg.input("z")
    made = sg.derive(number * z, z)

    assert made.result.unicode() == f"dL/dz = {unicode}"
    assert made.result.written("text") == f"dL/dz = {text}"
    assert made.result.latex().endswith(f"= {latex}")
    assert not made.unverified


@pytest.mark.parametrize("number", [row[0] for row in WRITTEN])
@pytest.mark.parametrize("style", ["text", "unicode"])
def test_what_is_written_for_a_large_number_reads_back_to_the_same_number(number, style):
    z = sg.input("z")
    for node in (number * z, sg.sin(z) / (z + number), sg.maximum(z, number) ** 2, z - number):
        made = sg.derive(node, z)
        text = made.given[0].written(style).split(" = ", 1)[1]

        assert not made.unverified
        assert sg.evaluate(sg.formula(text), {"z": 0.75}) == sg.evaluate(node, {"z": 0.75})

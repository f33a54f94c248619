"""`sg.plot`: functions and derivatives, contours, and the borders of hidden units."""

import sys

import mpmath
import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import units

pytest.importorskip("matplotlib")


def test_a_function_is_drawn_with_its_derivative():
    (curve,) = sg.plot(sg.sigmoid, (-4, 4), points=9).curves

    logistic = [float(1 / (1 + mpmath.exp(-x))) for x in range(-4, 5)]
    assert curve.label == "σ"
    assert curve.x.tolist() == list(range(-4, 5))
    assert curve.y == pytest.approx(logistic)
    assert curve.slope == pytest.approx([s * (1 - s) for s in logistic])


def test_several_functions_and_their_derivatives_have_a_panel_each():
    shown = sg.plot([sg.sigmoid, sg.tanh, sg.relu, sg.softplus], (-4, 4), language="zh")
    function, derivative = shown.figure.axes

    assert [line.get_label() for line in function.lines[:4]] == ["σ", "tanh", "ReLU", "softplus"]
    assert (function.get_title(), derivative.get_title()) == ("函数", "导数")
    relu = shown.curves[2]
    assert set(relu.slope.tolist()) == {0.0, 1.0}
    assert relu.slope[relu.x <= 0].max() == 0.0


def test_an_expression_takes_its_other_variables_from_values():
    x, w = sg.input("x"), sg.parameter("w", 2)
    f = sg.let("f", w[0] * x**2 + w[1])
    (curve,) = sg.plot(f, (0, 2), {"w": [3.0, 1.0]}, points=3, title="抛物线").curves

    assert (curve.label, curve.y.tolist(), curve.slope.tolist()) == ("f", [1, 4, 13], [0, 6, 12])
    named = sg.plot(f, {x: (0, 2)}, {w: [3.0, 1.0]}, points=3, derivative=False)
    assert named.curves[0].slope is None


def test_a_jump_is_a_gap_and_no_upright_line():
    shown = sg.plot(sg.step, (-2, 2))
    (line, *_) = shown.figure.axes[0].lines

    assert np.isnan(line.get_ydata()).sum() >= 1
    assert np.nanmax(np.abs(np.diff(line.get_ydata()))) == 0


def test_a_surface_shows_the_borders_of_its_hidden_units():
    from matplotlib.contour import ContourSet

    shown = sg.plot(units.triangle(), {"x1": (-0.5, 1.5), "x2": (-0.5, 1.5)}, points=41)
    panel = shown.figure.axes[0]
    lines = [c for c in panel.collections if isinstance(c, ContourSet) and not c.filled]
    points = [np.concatenate([p.vertices for p in one.get_paths()]) for one in lines]

    assert len(points) == 3
    assert np.allclose(points[0][:, 0], 0, atol=1e-9)
    assert np.allclose(points[1][:, 1], 0, atol=1e-9)
    assert np.allclose(points[2].sum(axis=1), 1, atol=1e-9)


def test_trained_weights_move_the_borders():
    x1, x2 = sg.input("x1"), sg.input("x2")
    w = sg.parameter("w", 3)
    y = sg.let("y", sg.sigmoid(w[0] * x1 + w[1] * x2 + w[2]))
    shown = sg.plot(y, {"x1": (-1, 1), "x2": (-1, 1)}, {"w": [1.0, 2.0, -0.5]}, points=21)
    (line,) = [c for c in shown.figure.axes[0].collections if not c.filled]
    (path,) = line.get_paths()

    assert np.allclose(path.vertices @ [1.0, 2.0], 0.5, atol=1e-9)


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_a_plot_is_saved_by_its_suffix_with_the_same_bytes_every_time(tmp_path, suffix):
    files = []
    for name in "ab":
        shown = sg.plot([sg.sigmoid, sg.tanh], (-4, 4), points=21, title="Activations")
        files.append(shown.save(tmp_path / f"{name}.{suffix}").read_bytes())

    assert files[0] == files[1]
    assert len(files[0]) > 1000


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: sg.plot(sg.input("x") * sg.input("y"), (-1, 1)), "x, y without a value"),
        (lambda: sg.plot(sg.sigmoid, (1, -1)), r"span \(1, -1\) is not \(from, to\)"),
        (lambda: sg.plot(sg.sigmoid, "ab"), "is not"),
        (lambda: sg.plot(sg.input("v", 3), (0, 1)), r"shape \(3,\) is not one number"),
        (lambda: sg.plot(sg.sigmoid, {"q": (0, 1)}), "'q' is no variable here; there are x"),
        (lambda: sg.plot([], (0, 1)), "there is no function"),
        (lambda: sg.plot(sg.maximum, (0, 1)), "maximum does not take one number"),
        (lambda: sg.plot(sg.sigmoid, (0, 1), points=1), "points=1; write a whole number from 2"),
        (lambda: sg.plot(sg.sigmoid, (0, 1), language="fr"), "language is 'fr'"),
        (
            lambda: sg.plot(sg.input("x") * sg.input("y"), {"x": (0, 1)}),
            "y has no value; give it in values=",
        ),
    ],
)
def test_what_cannot_be_plotted_is_said_in_one_sentence(make, why):
    with pytest.raises(sg.DrawError, match=why):
        make()


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(sg.DrawError, match=r"'a.bmp' ends in none of .svg, .pdf, .png"):
        sg.plot(sg.tanh, (0, 1), points=3).save(tmp_path / "a.bmp")


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(sg.UnsupportedError, match=r"pip install 'symgraph\[plot\]'$"):
        sg.plot(sg.tanh, (0, 1), points=3)


def test_without_a_span_one_or_two_variables_run_from_minus_four_to_four():
    (curve,) = sg.plot(sg.tanh, points=9).curves
    x, y = sg.input("x"), sg.input("y")
    panel = sg.plot(x * y, points=9).figure.axes[0]

    assert curve.x.tolist() == [-4, -3, -2, -1, 0, 1, 2, 3, 4]
    assert panel.get_xlim() == panel.get_ylim() == (-4, 4)
    with pytest.raises(sg.errors.DrawError, match="without a value; one span needs one"):
        sg.plot(x * y * sg.input("z"))


def luminance(colour):
    from matplotlib.colors import to_rgb

    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("theme", ["light", "lecture", "print", "dark"])
def test_a_theme_colours_the_page_and_its_words_and_curves_stand_out(theme):
    from symgraph.draw.theme import THEMES

    figure = sg.plot([sg.tanh, sg.relu], theme=theme, points=9).figure
    page = luminance(figure.get_facecolor())
    panel = figure.axes[0]
    inks = [
        panel.xaxis.label.get_color(),
        panel.title.get_color(),
        panel.spines["left"].get_edgecolor(),
    ]
    inks += [label.get_color() for label in panel.get_xticklabels()]
    inks += [line.get_color() for line in panel.lines[:2]]

    assert page == pytest.approx(luminance(THEMES[theme].background))
    assert luminance(panel.get_facecolor()) == pytest.approx(page)
    for ink in map(luminance, inks):
        # The contrast of WCAG 2.
        assert (max(ink, page) + 0.05) / (min(ink, page) + 0.05) >= 4.5

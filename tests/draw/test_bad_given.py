"""What users give by mistake to the commands that draw: one sentence each, and nothing is written.

A message names what was given, and says what to write instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import symgraph as sg
from symgraph.errors import DrawError, KindError, RangeError, SymgraphError

W, X = sg.parameter("w"), sg.input("x")
LOSS = (W * X - 1) ** 2
VALUES = {"w": 0.5, "x": 2.0}


def draw(**options: Any) -> object:
    return sg.draw(LOSS, VALUES, **options)


def slides(**options: Any) -> object:
    return sg.slides(LOSS, "never-written.html", VALUES, **options)


def explore(**options: Any) -> object:
    return sg.explore(LOSS, **options)


@pytest.mark.parametrize(
    ("command", "options", "error"),
    [
        (draw, {"style": ["graph"]}, DrawError),
        (draw, {"language": "fr"}, DrawError),
        (draw, {"language": None}, DrawError),
        (draw, {"title": 3}, DrawError),
        (draw, {"title": 3, "style": "layers"}, DrawError),
        (draw, {"language": "fr", "style": "layers"}, DrawError),
        (draw, {"collapse": 3}, DrawError),
        (draw, {"expand": 3}, DrawError),
        (draw, {"hide": 3}, DrawError),
        (draw, {"show": 3}, DrawError),
        (slides, {"rate": "x"}, RangeError),
        (slides, {"rate": float("nan")}, RangeError),
        (slides, {"language": "fr"}, DrawError),
        (slides, {"title": 3}, DrawError),
        (slides, {"most": "x"}, RangeError),
        (slides, {"digits": 0}, RangeError),
        (slides, {"colour": 3}, DrawError),
        (slides, {"wrt": []}, DrawError),
        (explore, {"title": 3}, DrawError),
        (explore, {"data": []}, KindError),
    ],
)
def test_an_option_that_does_not_fit_is_named_with_its_value(
    command: Any,
    options: dict[str, Any],
    error: type[SymgraphError],
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as raised:
        command(**options)
    name, given = next(iter(options.items()))
    assert name in str(raised.value)
    assert repr(given) in str(raised.value) or given == 3
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("values", [[], 3, "w", [("w", 1.0)]])
def test_values_that_are_no_dictionary_are_refused_by_every_command(values: Any) -> None:
    for command in (
        lambda: sg.draw(LOSS, values),
        lambda: sg.draw(LOSS, values, style="layers"),
        lambda: sg.slides(LOSS, "never-written.html", values),
        lambda: sg.explore(LOSS, values=values),
    ):
        with pytest.raises(KindError, match="dict of names"):
            command()


def test_values_to_compute_with_are_a_dictionary_too() -> None:
    with pytest.raises(KindError, match="dict of names"):
        sg.evaluate(LOSS, 3)  # type: ignore[call-overload]


@pytest.mark.parametrize("path", [None, 3, b"x.svg"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    picture = sg.draw(LOSS)
    for save in (picture.save, sg.explore(LOSS).save, sg.javascript(LOSS).save):
        with pytest.raises(DrawError, match="no path"):
            save(path)
    with pytest.raises(DrawError, match="no path"):
        sg.slides(LOSS, path)


@pytest.mark.parametrize("name", ["missing/net", "folder", "nul\0"])
def test_what_cannot_be_written_is_said_by_every_writer(name: str, tmp_path: Path) -> None:
    for suffix in (".svg", ".html", ".js"):
        (tmp_path / f"folder{suffix}").mkdir()
        path = tmp_path / f"{name}{suffix}"
        save = {
            ".svg": lambda path: sg.draw(LOSS).save(path),
            ".html": lambda path: sg.explore(LOSS, path),
            ".js": lambda path: sg.javascript(LOSS).save(path),
        }[suffix]
        with pytest.raises(DrawError, match="cannot be written"):
            save(path)


@pytest.mark.parametrize("style", ["graph", "layers", "cell", "modes", "bipartite", "timeline"])
def test_no_expression_at_all_is_refused_in_every_style(style: str) -> None:
    with pytest.raises(DrawError, match="there is no expression"):
        sg.draw([], style=style)


def test_a_program_cannot_have_the_name_of_a_word_of_the_language() -> None:
    for name in ("class", "await", "let"):
        with pytest.raises(KindError, match=name):
            sg.javascript(LOSS, name=name)


def test_a_function_is_said_to_be_no_expression() -> None:
    with pytest.raises(KindError, match="is not a real number, an array or an expression"):
        sg.draw(len)


def test_a_scale_that_is_text_is_refused() -> None:
    with pytest.raises(DrawError, match="scale is 'x'"):
        sg.draw(LOSS).png("x")  # type: ignore[arg-type]

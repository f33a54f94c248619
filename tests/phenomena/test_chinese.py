"""Tables and plots of the phenomena in Chinese: every word, and no name or number."""

import re
from functools import cache
from importlib import import_module

import pytest
from hypothesis import given, strategies as st

import symgraph as sg
from symgraph import phenomena
from symgraph.draw.typesetting.typeset import find_cjk_font
from symgraph.phenomena.chinese import in_chinese
from symgraph.zoo import gates, networks, recurrent, units

CHINESE = re.compile("[\u4e00-\u9fff]")
#: Words that are names or notation: those of networks, functions, optimizers and variables.
NAMES = {
    "tanh", "ReLU", "LSTM", "RNN", "forget", "bias", "SGD", "momentum", "Nesterov", "Adagrad",
    "RMSprop", "Adam",
    "mathdefault",  # a mark of matplotlib in powers of ten
}  # fmt: skip


def _belt():
    weights = {name: [[0.0, 0.0]] for name in ("W_f", "W_i", "W_C", "W_o")}
    biases = {name: [0.0] for name in ("b_f", "b_i", "b_C", "b_o")}
    net = gates.lstm(hidden=1, inputs=1)
    return phenomena.belt(
        net.run, {"x": [[1.0]] * 3, "h0": [0.0], "C0": [0.0], **weights, **biases}
    )


def _optimizers():
    x, y = sg.input("x"), sg.input("y")
    return phenomena.compare_optimizers((10 * x**2 + y**2) / 2, {"x": 1.0, "y": 1.0}, steps=(0, 5))


def _steps():
    return phenomena.step_norms(
        sg.scan(lambda s: sg.const([[0.5, 1.0], [0, 0.9]]) @ s, sg.ones(2), length=3)
    )


MADE = {
    "gradients_by_depth": lambda: phenomena.gradients_by_depth(depths=[1, 5]),
    "gradients_over_time": lambda: phenomena.gradients_over_time(times=[1, 5]),
    "step_norms": _steps,
    "belt": _belt,
    "linear_pieces": lambda: phenomena.linear_pieces(networks.six_relus(), (-2, 2)),
    "approximation_error": lambda: phenomena.approximation_error(
        networks.six_relus(), lambda x: x**3 + x**2 - x - 1, [(-1.5, 1.5)]
    ),
    "decision_lines": lambda: phenomena.decision_lines(units.triangle()),
    "truth_table": lambda: phenomena.truth_table(units.xor(), {"x1": [0, 1], "x2": [1, 1]}),
    "active_fractions": lambda: phenomena.active_fractions(
        sg.sum(sg.let("h", sg.relu(sg.input("z", ("N", 2))))), {"z": [[1.0, -1.0], [-2.0, -3.0]]}
    ),
    "count_parameters": lambda: phenomena.count_parameters(networks.dense()),
    "count_parameters of several": lambda: phenomena.count_parameters({"RNN": recurrent.rnn()}),
    "compare_optimizers": _optimizers,
    "error_surface": lambda: phenomena.error_surface(
        recurrent.wall(steps=5).loss, {"w": (5, 7), "b": (-4, -2)}, points=5
    ),
}  # fmt: skip


@cache
def table(name):
    return MADE[name]()


def words(text):
    return {word for word in re.findall("[A-Za-z]{3,}", text) if word not in NAMES}


def test_every_phenomenon_is_looked_at():
    functions = {name for name in phenomena.__all__ if name != "Table"}

    assert {name.partition(" ")[0] for name in MADE} == functions


@pytest.mark.parametrize("name", MADE)
def test_a_table_in_chinese_has_chinese_words_only_and_the_same_cells(name):
    english, chinese = table(name).text(), table(name).text(lang="zh")

    assert words(chinese) == set()
    assert not CHINESE.search(english)
    assert CHINESE.search(chinese)
    count = len(table(name)) + 1
    cells = [line.split() for line in english.splitlines()[2 : 1 + count]]
    assert [line.split() for line in chinese.splitlines()[2 : 1 + count]] == cells
    assert len(chinese.splitlines()) == len(english.splitlines())


@pytest.mark.parametrize("name", MADE)
def test_a_plot_in_chinese_has_chinese_words_only(name):
    matplotlib_text = pytest.importorskip("matplotlib.text")
    figures = {lang: table(name).plot(lang=lang) for lang in ("en", "zh")}
    found = {
        lang: [text.get_text() for text in figure.findobj(matplotlib_text.Text)]
        for lang, figure in figures.items()
    }

    assert set().union(*map(words, found["zh"])) == set()
    assert not any(map(CHINESE.search, found["en"]))
    assert len(found["zh"]) == len(found["en"])


def test_a_plot_with_chinese_words_is_written(tmp_path):
    pytest.importorskip("matplotlib")
    if find_cjk_font() is None:
        pytest.skip("no font here has Chinese letters")
    paths = [tmp_path / f"steps.{suffix}" for suffix in ("svg", "png", "pdf")]

    for path in paths:
        table("step_norms").plot(path, lang="zh")
    assert all(path.stat().st_size > 1000 for path in paths)


def test_without_a_font_for_chinese_a_plot_is_refused_and_the_file_stays(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    plots = import_module("symgraph.draw.plots")
    monkeypatch.setattr(plots, "find_cjk_font", lambda: None)
    path = tmp_path / "steps.svg"
    path.write_text("before")

    with pytest.raises(sg.UnsupportedError, match="no font here has all letters"):
        table("step_norms").plot(path, lang="zh")

    assert path.read_text() == "before"


def test_names_of_the_user_stay_as_they_are():
    at, to = sg.input("at"), sg.input("to")
    found = phenomena.compare_optimizers(at**2 + to**2, {"at": 1.0, "to": 1.0}, steps=[1])
    truth = phenomena.truth_table(sg.let("to", sg.input("step") * 2), {"step": [1, 2]})

    assert found.text(lang="zh").splitlines()[1].split() == ["优化器", "步", "at", "to", "损失"]
    assert truth.text(lang="zh").splitlines()[1].split() == ["step", "to"]


@given(st.text("abcσ(x)·0123456789 ", min_size=1, max_size=12))
def test_what_is_not_ours_to_translate_stays(text):
    said = in_chinese(f"{text}: the gradient is 0.")

    assert said == f"{text}：梯度为 0。"


def test_a_language_that_is_not_offered_is_refused():
    with pytest.raises(sg.UnknownNameError, match="lang='de' is not offered; write en or zh"):
        table("belt").text(lang="de")

"""What the lectures ask of pictures and printed lines beside their counts and labels."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import symgraph as sg
from lectures.checks import check
from lectures.drawings import made
from lectures.drawn import bare
from lectures.expected import NUMBERS, inputs_of, slopes, wanted
from lectures.numbers_of_features import two_layer
from lectures.numbers_of_networks import worked_example
from lectures.toolchain import has_a_compiler
from symgraph.phenomena import count_parameters
from symgraph.walks import variables
from symgraph.zoo import builder, built

# --- pictures -----------------------------------------------------------------------------------


@check("draw", "S2-04")
def the_four_frames_add_nodes_and_move_none() -> None:
    deck = sg.draw(builder("lstm")(), style="cell", build=True)
    assert deck.scene.steps == 4
    seen = [{n.id for n in deck.view.nodes if n.first <= k} for k in range(4)]
    assert all(less < more for less, more in pairwise(seen))
    assert all(node.at is not None for node in deck.view.nodes)


@check("draw", "S4-66")
def the_four_frames_of_row_vectors_are_built_up_too() -> None:
    deck = sg.draw(builder("lstm-row")(), style="cell", build=True)
    assert deck.scene.steps == 4
    seen = [sum(node.first <= k for node in deck.view.nodes) for k in range(4)]
    assert sorted({*seen}) == seen


@check("draw", "S4-48")
def units_that_are_off_are_crossed_out() -> None:
    crossed = [bare(node.label) for node in made("S4-48").view.nodes if node.crossed]
    assert sorted(crossed) == ["h_2", "h_4"]


@check("draw", "S4-50")
def the_same_weight_has_the_same_colour() -> None:
    hues = Counter((edge.label, edge.hue) for edge in made("S4-50a").view.edges)
    assert sorted(hues.values()) == [3, 3, 3]
    assert len({hue for _, hue in hues} - {None}) == 3


@check("draw", "S0-23")
def parameters_are_the_red_leaves() -> None:
    """In the colours of the lectures, red is what is learned; others have others."""
    picture = sg.draw(builder("two-layer")(), theme="lecture", legend=False)
    nodes = [item for item in picture.scene.items if item.layer == "node"]
    red = [item.alt for item in nodes if item.paint and is_red(item.paint.stroke)]
    assert sorted(red) == ["v1", "v2", "w1", "w2"]


def is_red(colour: str) -> bool:
    if not colour.startswith("#"):
        return False
    r, g, b = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return r > 150 and max(g, b) < 80


@check("draw", "S0-19")
def a_block_without_a_name_has_its_derivative_in_what_comes_in() -> None:
    (edge,) = sg.draw(sg.sigmoid(sg.input("in"))).view.edges
    assert bare(edge.label or "") == r"\sigma(in)(1-\sigma(in))"


@check("draw", "S0-26")
def both_paths_of_a_shared_leaf_are_drawn() -> None:
    x = sg.input("x")
    picture = sg.draw(x * (x + 1), paths="x")
    assert len(picture.view.nodes) == 4
    labels = [bare(edge.label or "") for edge in picture.view.edges]
    assert sorted(labels) == ["1", "1", "x", "x+1"]
    assert len(picture.view.notes) == 2


# --- compiled -----------------------------------------------------------------------------------


@check("comp", "S0-23")
def the_gradient_takes_no_exponential_anew() -> None:
    """h (1 - h) is made of what h is made of, in both targets.

    In C a σ takes one exponential, as the numbers of the row say. In NumPy it takes two,
    e^min(z, 0) and e^-|z|: that is faster there than to choose between two forms of one.
    """
    loss = builder("two-layer")()
    leaves = variables([loss])
    both = [loss, *sg.grad(loss, leaves)]
    for target, form, each in (("numpy", " = exp(", 2), ("cython", "= sg_exp_down(", 1)):
        if target == "numpy" or has_a_compiler():
            for roots in ([loss], both):
                source = sg.compile(leaves, roots, target=target).source
                assert source.count(form) == 2 * each


# --- tables and printed lines -------------------------------------------------------------------


#: The rows of the table of forward and backward values: how each begins, and its key in the file.
TABLE_ROWS = {
    "v₁·φ(x)": "z1", "v₂·φ(x)": "z2", "h₁ =": "h1", "h₂ =": "h2", "w₁ h₁ +": "score",
    "residual =": "residual", "loss =": "loss", "v₁": "v1", "v₂": "v2", "y": "y",
}  # fmt: skip


@check("def", "S0-24")
def forward_and_backward_values_stand_in_one_table() -> None:
    """In the order of evaluation, all 7 forward values and the 11 backward ones."""
    loss, values = two_layer(inputs_of("S0-23"))
    rows = {row["value"]: row for row in sg.graph(loss).table(values).to_dicts()}
    seen = {"f": {*()}, "g": {"w"}}
    for begin, key in TABLE_ROWS.items():
        whole = begin.endswith(("=", "+"))
        (row,) = (row for text, row in rows.items()
                  if (text.startswith(begin) if whole else text == begin))  # fmt: skip
        for letter, keys in seen.items():
            if key in NUMBERS["S0-23"]["expect"][letter]:
                assert row[letter] == pytest.approx(wanted("S0-23", f"{letter} {key}"))
                keys.add(key)
    found = [rows[name]["g"] for name in ("w₁", "w₂")]
    assert found == pytest.approx(wanted("S0-23", "g w"))
    assert seen == {letter: {*NUMBERS["S0-23"]["expect"][letter]} for letter in "fg"}
    order = [text.partition(" ")[0] for text in rows]
    assert order.index("h₁") < order.index("residual") < order.index("loss") == len(order) - 1


@check("def", "S0-18")
def the_report_of_a_small_change_has_both_values() -> None:
    given = inputs_of("S0-18")
    report = str(sg.sensitivity(builder("sensitivity")(), given_leaves(given), eps=given["eps"]))
    assert "predicted" in report
    assert "actual" in report


def given_leaves(given: dict[str, float]) -> dict[str, float]:
    return {name: given[name] for name in ("in1", "in2", "in3")}


@check("der", "S4-35")
def the_factors_have_their_range_below() -> None:
    latex = sg.derive(builder("chain")(5), "x").latex(ranges=True)
    assert latex.count(r"\underbrace") >= 5
    assert r"\frac{1}{4}" in latex or "0.25" in latex


@check("der", "S4-19")
def the_twelve_update_lines_are_printed() -> None:
    rule = builder("named-units-update")()
    lines = {
        f"{old}⁺ = {sg.derive(new, new).given[-1].text()}" for old, new in rule.updates.items()
    }
    assert len(lines) == 12
    (alpha,) = (line for line in lines if line.startswith("w_αA⁺"))
    assert alpha.endswith("w_αA⁺ = w_αA + δ_α A")


@check("def", "S4-44")
def tied_weights_are_counted_once() -> None:
    sizes = (2000, 500, 250, 125, 2)
    numbers = {tied: sum(count_parameters(builder("deep-autoencoder")(sizes, tied=tied))["numbers"])
               for tied in (False, True)}  # fmt: skip
    assert numbers[False] - numbers[True] == wanted("S4-44", "encoder_weights")


@check("comp", "S4-20")
def the_trace_is_rounded_as_on_the_slide() -> None:
    table = str(sg.graph(builder("worked-example")()).table(
        worked_example(inputs_of("S4-20")), digits=2
    ))  # fmt: skip
    for name in ("out_top", "out_bottom", "out"):
        assert f"{wanted('S4-20', name):.2g}" in table


@check("def", "S4-66")
def a_trained_network_spells_what_it_has_read() -> None:
    net = builder("hello")()
    letters = "helo"
    word = [letters.index(one) for one in "hello"]
    model = sg.Model(net.loss, [net.x, net.y], outputs={"z": net.logits})
    model.fit(
        {"x": word[:-1], "y": word[1:]}, optimizer=sg.optim.Adam(0.05), epochs=200,
        batch_size=None, progress=False,
    )  # fmt: skip
    said = [0]
    while len(said) < 5:
        said.append(int(np.argmax(model.predict({"x": said})["z"][-1])))
    assert "".join(letters[k] for k in said) == "hello"


@check("def", "S0-34")
def a_shared_weight_gathers_the_slopes_of_all_its_uses() -> None:
    given = inputs_of("S4-50")
    loss = built("shared-weights")
    (together,) = slopes(loss, given, "w")
    x = np.array(given["x"], dtype=float)
    uses = [x[i : i + len(given["w"])] for i in range(len(x) - len(given["w"]) + 1)]
    assert together == pytest.approx(np.sum(uses, axis=0))


@check("def", "S1-02")
def the_parameters_do_not_grow_with_time() -> None:
    for steps in (1, 4, 100):
        net = builder("sequence-classifier")(3, 2, 4, steps=steps)
        assert sum(leaf.shape[0] * leaf.shape[1] for leaf in variables([net.loss])
                   if leaf.role == "parameter") == 27  # fmt: skip

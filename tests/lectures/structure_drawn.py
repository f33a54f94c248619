"""What the lectures ask of pictures and printed lines beside their counts and labels."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import symgraph as sg
from lectures.checks import check
from lectures.drawings import bare, made
from lectures.expected import inputs_of, slopes, wanted
from lectures.numbers_of_features import two_layer
from lectures.numbers_of_networks import worked_example
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


@check("draw", "S2-03")
def the_belt_has_two_operations_in_every_step() -> None:
    view = made("S2-03").view
    role = {node.id: node.role for node in view.nodes}
    passed = {e.head for e in view.edges if e.highlight} | {
        e.tail for e in view.edges if e.highlight
    }
    assert Counter(role[one] for one in passed)["pointwise"] == 3 * 2


@check("draw", "S4-03", "S4-08")
def thresholds_stand_in_their_circles() -> None:
    for name, expected in (("S4-03a", {"1.5"}), ("S4-03b", {"0.5"}), ("S4-08a", {"0.5", "1.5"})):
        words = {bare(text) for n in made(name).view.nodes for text in (n.label, n.caption)}
        for threshold in expected:
            assert any(threshold in word for word in words), (name, words)


@check("draw", "S4-30")
def a_dead_path_carries_no_derivative() -> None:
    dead = [edge for edge in made("S4-30b").view.edges if edge.dead]
    assert dead


@check("draw", "S4-48")
def units_that_are_off_are_crossed_out() -> None:
    crossed = [node.crossed for node in made("S4-48").view.nodes]
    assert sum(crossed) == 2


@check("draw", "S4-50")
def the_same_weight_has_the_same_colour() -> None:
    hues = Counter(edge.hue for edge in made("S4-50a").view.edges)
    assert sorted(hues.values()) == [3, 3, 3]
    assert None not in hues


@check("draw", "S4-57")
def the_picture_says_how_often_a_matrix_is_used() -> None:
    (note,) = made("S4-57").view.notes
    assert bare(note).endswith(r"V:1,\quadW_1:3,\quadW_2:2")


@check("draw", "S4-73")
def the_image_enters_at_the_first_time_only() -> None:
    used = Counter(bare(edge.label or "") for edge in made("S4-73").view.edges)
    assert used["I"] == 1
    assert used["U"] == used["V"] == 3


@check("draw", "S0-23")
def parameters_are_the_red_leaves() -> None:
    red = [bare(node.label) for node in made("S0-23b").view.nodes if node.role == "parameter"]
    assert sorted(red) == ["v_1", "v_2", "w_1", "w_2"]


# --- tables and printed lines -------------------------------------------------------------------


@check("def", "S0-24")
def forward_and_backward_values_stand_in_one_table() -> None:
    loss, values = two_layer(inputs_of("S0-23"))
    rows = {row["value"]: row for row in sg.graph(loss).table(values).to_dicts()}
    for name, key in (("h1", "h₁"), ("h2", "h₂")):
        (row,) = (row for value, row in rows.items() if value.startswith(f"{key} ="))
        assert row["f"] == pytest.approx(wanted("S0-23", f"f {name}"))
        assert row["g"] == pytest.approx(wanted("S0-23", f"g {name}"))


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

"""Update rules that are no gradients: the numbers of the lectures, from every target."""

import json
from pathlib import Path

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph import zoo
from symgraph.walks import variables

ROWS = json.loads(
    (Path(__file__).parents[1] / "lectures" / "lecture_numbers.json").read_text(encoding="utf-8")
)
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
WEIGHTS = {"A": 0.35, "B": 0.9, "t": 0.5, "w1": 0.3, "w2": 0.9, "w3": 0.1, "w4": 0.8, "w5": 0.4}
WEIGHTS["w6"] = 0.6


def trained(name, x, y, epochs, target="numpy", **fit):
    rule = zoo.built(name)
    inputs = [leaf for leaf in variables([rule.loss]) if leaf.role == "input"]
    model = sg.Model(rule.loss, inputs, updates=rule.updates, target=target)
    history = model.fit({"x": x, "y": y}, shuffle=False, epochs=epochs, **fit)
    return model.parameters, [round(share * len(y)) for share in history["loss"]]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("row", "truth"), [("AND", [-1, -1, -1, 1]), ("OR", [-1, 1, 1, 1])])
def test_the_perceptron_makes_the_mistakes_of_the_lecture_and_then_none(row, truth, target):
    expect = ROWS["S4-05"]["expect"][row]
    found, errors = trained("perceptron", CORNERS, truth, expect["epochs"], target, batch_size=1)

    assert [*found["w"].tolist(), float(found["b"])] == [*expect["w"], expect["b"]]
    assert sum(errors) == expect["updates"]
    assert errors[-1] == 0


def test_the_perceptron_never_ends_on_xor():
    found, errors = trained("perceptron", CORNERS, [-1, 1, 1, -1], 50, batch_size=1)
    again, _ = trained("perceptron", CORNERS, [-1, 1, 1, -1], 51, batch_size=1)

    assert min(errors) == ROWS["S4-06"]["expect"]["xor_min_errors_per_epoch"]
    assert found["w"].tolist() == again["w"].tolist()


@pytest.mark.parametrize("batch_size", [1, 4])
def test_hebbs_rule_learns_and_from_one_look_at_each_sample(batch_size):
    found, _ = trained("hebb", 2 * CORNERS - 1, [-1, -1, -1, 1], 1, batch_size=batch_size)

    expect = ROWS["S4-02"]["expect"]
    assert found["w"].tolist() == expect["w"]
    assert float(found["b"]) == expect["bias"]


@pytest.mark.parametrize("target", TARGETS)
def test_one_step_of_contrastive_divergence_is_that_of_the_lecture(target):
    given = ROWS["S4-42"]["inputs"]
    rule = zoo.built("cd1")
    values = {name: np.array(given[name]) for name in ("W", "b", "c")} | {"v": [given["v"]]}
    leaves = variables([rule.loss, *rule.updates.values()])
    step = sg.compile(leaves, rule.loss, updates=rule.updates, target=target)
    arrays = [np.array(values[leaf.name], dtype=float) for leaf in leaves]
    step(*arrays)

    new = {leaf.name: array for leaf, array in zip(leaves, arrays, strict=True)}
    assert new["W"] - values["W"] == pytest.approx(np.array(ROWS["S4-43"]["expect"]["dW"]))
    v1 = np.array(ROWS["S4-43"]["expect"]["v1"])
    assert new["b"] - values["b"] == pytest.approx(0.1 * (given["v"] - v1))


def test_sampled_contrastive_divergence_recalls_binary_patterns():
    patterns = np.array([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]] * 8)
    rule = zoo.built("cd1,visible=6,hidden=3,rate=0.5,sampled=yes")
    model = sg.Model(
        rule.loss, [v for v in variables([rule.loss]) if v.name == "v"], updates=rule.updates
    )
    history = model.fit({"v": patterns}, epochs=150, batch_size=4)

    assert history["loss"][0] > 1.2
    assert history["loss"][-1] < 0.6


@pytest.mark.parametrize("sequential", [False, True])
def test_the_worked_example_is_updated_in_both_orders_of_the_lecture(sequential):
    rule = zoo.builder("worked-example-update")(sequential=sequential)
    expect = ROWS["S4-21"]["expect"]
    mode = "lecture_updated_weights" if sequential else "true_gradient"
    leaves = variables([rule.loss])
    step = sg.compile(leaves, rule.loss, updates=rule.updates)
    arrays = [np.array(WEIGHTS[leaf.name]) for leaf in leaves]
    step(*arrays)
    new = {leaf.name: float(array) for leaf, array in zip(leaves, arrays, strict=True)}

    assert [new["w1"], new["w2"]] == pytest.approx([expect["w1_new"], expect["w2_new"]], rel=1e-12)
    for weight in ("w3", "w4", "w5", "w6"):
        assert new[weight] == pytest.approx(expect[mode][weight], rel=1e-12)
    loss = ROWS["S4-22"]["expect"][mode]["loss"]
    assert float(step(*arrays)) == pytest.approx(loss, rel=1e-12)


def test_the_update_in_the_order_of_the_gradient_is_gradient_descent():
    rule = zoo.built("worked-example-update,rate=0.25")
    slopes = sg.evaluate(sg.grad(rule.loss, [*rule.updates]), WEIGHTS)

    for (old, new), slope in zip(rule.updates.items(), slopes, strict=True):
        assert sg.evaluate(new, WEIGHTS) == pytest.approx(WEIGHTS[old.name] - 0.25 * slope)


def test_the_twelve_update_lines_give_the_numbers_of_the_lecture():
    row = ROWS["S4-19"]
    given, expect = row["inputs"], row["expect"]
    values = dict(zip("λΩ", given["in_"], strict=True))
    values |= dict(zip(("t_α", "t_β"), given["target"], strict=True))
    wanted = {}
    for layer, below, old, new in (
        ("ABC", "λΩ", given["W_hidden_rows_ABC"], expect["W_hidden_new"]),
        ("αβ", "ABC", given["W_out_rows_alpha_beta"], expect["W_out_new"]),
    ):
        for to, olds, news in zip(layer, old, new, strict=True):
            names = [f"w_{to}{source}" for source in below]
            values |= dict(zip(names, olds, strict=True))
            wanted |= dict(zip(names, news, strict=True))
    updates = zoo.built("named-units-update").updates

    news = sg.evaluate([*updates.values()], values)
    found = {old.name: new for old, new in zip(updates, news, strict=True)}
    assert len(found) == 12
    assert found == pytest.approx(wanted, rel=1e-9)


def test_the_page_of_a_rule_shows_its_update_lines():
    shown = zoo.description("worked-example-update")["formulas"]

    assert shown[-1] == "w6⁺ = w₆ + δ₂ B"
    assert "δ₁ = δ w₁ o₁ (1 − o₁)" in shown
    lecture = zoo.description("perceptron")["formulas"]
    assert lecture[-2:] == ["w⁺ = w + xᵀ error", "b⁺ = b + Σ(error)"]

"""Systems with numbers from outside: the lectures', closed forms, torch."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.walks import variables

ROWS = json.loads(
    (Path(__file__).parents[1] / "lectures" / "lecture_numbers.json").read_text(encoding="utf-8")
)
BITS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def loss_of(text):
    found = zoo.built(text)
    return getattr(found, "loss", found)


def slopes(loss, values, *names):
    """The gradient of a loss by the variables of some names."""
    leaves = {leaf.name: leaf for leaf in variables([loss])}
    return [
        np.asarray(one) for one in sg.evaluate(sg.grad(loss, [leaves[n] for n in names]), values)
    ]


def test_xor_is_learned_as_in_the_lecture():
    row, net = ROWS["S4-08b"], loss_of("xor-mlp")
    given = {name: row["inputs"][name] for name in ("W", "b", "v", "c")}
    data = {"x": BITS, "d": [0.0, 1.0, 1.0, 0.0]}
    model = sg.Model(net, [leaf for leaf in variables([net]) if leaf.role == "input"])
    for name, value in given.items():
        model.parameters[name] = np.array(value)
    found = slopes(net, given | data, "W", "b", "v", "c")
    history = model.fit(data, optimizer=sg.optim.SGD(0.5), epochs=101, batch_size=None)

    for name, slope in zip("Wbvc", found, strict=True):
        assert slope == pytest.approx(np.array(row["expect"]["grads0"][name]), rel=1e-9)
    for step, point in row["expect"]["trace"].items():
        if int(step) <= 100:
            assert history["loss"][int(step)] == pytest.approx(point["loss"], rel=1e-6)


def test_two_cars_are_learned_with_an_output_bias_as_in_the_lecture():
    row, net = ROWS["S0-17b"], loss_of("two-cars-trained")
    axis = np.arange(7) / 2
    x = np.array([*itertools.product(axis, axis)])
    y = np.where(abs(x[:, 0] - x[:, 1]) >= 1, 1.0, -1.0)
    model = sg.Model(net, [leaf for leaf in variables([net]) if leaf.role == "input"])
    V, u = np.array(row["inputs"]["V0"]), np.array(row["inputs"]["u0"])
    start = {"V": V[:, 1:], "b": V[:, 0], "u": u[1:], "c": u[0]}
    for name, value in start.items():
        model.parameters[name] = value
    history = model.fit({"x": x, "y": y}, optimizer=sg.optim.SGD(0.5), epochs=101, batch_size=None)

    for step in ("0", "1", "10", "100"):
        assert history["loss"][int(step)] == pytest.approx(
            row["expect"]["trace"][step]["loss"], rel=1e-7
        )


def test_the_two_cars_by_hand_give_the_table_of_the_lecture():
    step, half, soft = (
        loss_of(f"two-cars-by-hand{option}") for option in ("", ",offset=yes", ",unit=sigmoid")
    )
    cars = [{"x1": a, "x2": b} for a, b in ((3.0, 1.0), (1.0, 3.0), (1.0, 0.5), (2.0, 1.0))]

    assert [sg.evaluate(step, car) for car in cars] == [1, 1, 0, 1]
    assert [sg.evaluate(half, car) for car in cars] == [1, 1, -1, 1]
    assert [sg.evaluate(soft, car) for car in cars] == [1, 1, 1, 1]


@pytest.mark.parametrize(("degree", "key"), [(1, "H1"), (2, "H2")])
def test_least_squares_finds_the_best_of_each_hypothesis_class(degree, key):
    row = ROWS["S0-02"]
    x, y = (np.array(row["inputs"][name]) for name in "xy")
    phi = np.stack([x, x**2], axis=1)[:, :degree]
    solved = zoo.built(f"ridge,features={degree}")
    values = {"Φ": phi, "y": y, "λ": 0.0}
    w = sg.evaluate(solved.weights, values)
    loss = sg.evaluate(loss_of(f"hypothesis,degree={degree}"), {"x": x, "y": y, "w": w})

    assert loss == pytest.approx(row["expect"][f"{key}_sse"], abs=1e-9)
    assert loss == pytest.approx(sg.evaluate(solved.loss, values), abs=1e-9)


def test_ridge_gives_the_weights_of_the_lecture():
    row = ROWS["S0-03"]
    x, y = (np.array(row["inputs"][name]) for name in "xy")
    values = {"Φ": np.stack([x, x**2], axis=1), "y": y, "λ": row["inputs"]["lam"]}

    found = sg.evaluate(zoo.built("ridge").weights, values)
    assert found == pytest.approx(np.array(row["expect"]["w_ridge"]), rel=1e-9)


def test_noise_may_flow_through_its_standard_deviation_or_not():
    row = ROWS["S4-26"]
    values = {"z": row["inputs"]["x"], "ε": row["inputs"]["eps"]}
    for text, key in (("noisy-relu", "through_std"), ("noisy-relu,through=no", "noise_constant")):
        f = loss_of(text)
        assert sg.evaluate(f, values) == pytest.approx(row["expect"]["value"], rel=1e-9)
        (slope,) = slopes(f, values, "z")
        assert slope == pytest.approx(row["expect"][f"grad_{key}"], rel=1e-9)


def test_a_boltzmann_machine_has_the_free_energy_and_the_likelihood_of_the_lecture():
    row = ROWS["S4-42"]
    values = {name: row["inputs"][name] for name in "Wbcv"}
    F, L, E = (loss_of(name) for name in ("free-energy", "likelihood", "rbm"))
    expect = row["expect"]

    assert sg.evaluate(F, values) == pytest.approx(expect["free_energy"], rel=1e-9)
    assert sg.evaluate(L, values) == pytest.approx(math.log(expect["p_v"]), rel=1e-9)
    assert sg.evaluate(E, values | {"h": row["inputs"]["h"]}) == pytest.approx(expect["E"])
    (of_c,) = slopes(F, {name: values[name] for name in "Wcv"}, "c")
    assert -of_c == pytest.approx(np.array(expect["p_h_given_v"]), rel=1e-9)
    for name, slope in zip("Wbc", slopes(L, values, *"Wbc"), strict=True):
        assert slope == pytest.approx(np.array(expect[f"dlogp_d{name}"]), rel=1e-9)


def test_the_five_modes_give_the_numbers_of_the_lecture():
    row = ROWS["S1-03b"]
    keys = {
        "1-1": "one_to_one", "1-n": "one_to_many", "n-1": "many_to_one", "n-n": "many_to_many",
        "n-n-delayed": "many_to_many_delayed",
    }  # fmt: skip
    keys["n-n"] = next(key for key in row["expect"] if key.startswith("many_to_many_s"))
    for mode, key in keys.items():
        E = loss_of(f"rnn-modes,mode={mode}")
        shapes = {leaf.name: leaf.shape for leaf in variables([E])}
        values = {name: row["inputs"][name] for name in "UWV"}
        values["x"] = row["inputs"]["X"][: shapes["x"][0]]
        values["d"] = row["inputs"]["Y"][: shapes["d"][0]]
        assert sg.evaluate(E, values) == pytest.approx(row["expect"][key]["loss"], rel=1e-9), mode
        for name, slope in zip("UW", slopes(E, values, "U", "W"), strict=True):
            assert slope == pytest.approx(np.array(row["expect"][key][f"d{name}"]), abs=1e-9), mode


def test_the_letters_of_hello_are_learned_as_in_the_lecture():
    row = ROWS["S1-04"]
    keys = {"U": "Wxh", "W": "Whh", "V": "Why"}
    given = {name: np.array(row["inputs"][key]) for name, key in keys.items()}
    net = zoo.built("hello")
    model = sg.Model(net.loss, [net.x, net.y], outputs={"z": net.logits})
    for name, value in (given | {"U": given["U"].T}).items():
        model.parameters[name] = value
    data = {"x": [0, 1, 2, 2], "y": [1, 2, 2, 3]}
    history = model.fit(data, optimizer=sg.optim.SGD(0.1), epochs=101)

    assert history["loss"][0] == pytest.approx(row["expect"]["loss0"], rel=1e-9)
    for step, point in row["expect"]["trace"].items():
        if int(step) <= 100:
            wanted = point["loss"] if isinstance(point, dict) else point
            assert history["loss"][int(step)] == pytest.approx(wanted, rel=1e-6)
    assert model.predict({"x": data["x"]})["z"].argmax(axis=1).tolist() == data["y"]


def test_a_linear_autoencoder_at_its_best_keeps_what_pca_keeps():
    row = ROWS["S4-45"]
    X = np.array(row["inputs"]["X"])
    X -= X.mean(axis=0)
    _, _, V = np.linalg.svd(X)
    found = sg.evaluate(loss_of("linear-autoencoder"), {"x": X, "W": V[:2].T, "V": V[:2]})

    assert found == pytest.approx(row["expect"]["rank2_sse"], rel=1e-9)


def test_lenet_has_as_many_weights_as_its_paper_says():
    shapes = [leaf.shape for leaf in variables([loss_of("lenet")]) if leaf.role == "parameter"]

    assert sum(math.prod(shape) for shape in shapes) == 61706


def test_attention_is_that_of_torch():
    torch = pytest.importorskip("torch", reason="torch is another implementation to compare with")
    draw = np.random.default_rng(0).normal
    Q, K, V, D = draw(size=(2, 2)), draw(size=(3, 2)), draw(size=(3, 2)), draw(size=(2, 2))
    tensors = [torch.tensor(one, requires_grad=True) for one in (Q, K, V)]
    Y = torch.nn.functional.scaled_dot_product_attention(*(one[None] for one in tensors))[0]
    loss = ((Y - torch.tensor(D)) ** 2).sum() / 2
    loss.backward()

    L, values = loss_of("attention"), {"Q": Q, "K": K, "V": V, "D": D}
    assert sg.evaluate(L, values) == pytest.approx(loss.item(), rel=1e-12)
    for tensor, slope in zip(tensors, slopes(L, values, *"QKV"), strict=True):
        assert slope == pytest.approx(tensor.grad.numpy(), rel=1e-10)


def test_no_word_of_the_transformer_sees_a_later_one():
    net = zoo.built("transformer,steps=5")
    draw = np.random.default_rng(1)
    values = {
        leaf.name: draw.normal(size=leaf.shape) for leaf in variables([net.logits]) if leaf != net.x
    }
    before = sg.evaluate(net.logits, values | {"ids": [0, 1, 2, 3, 4]})
    after = sg.evaluate(net.logits, values | {"ids": [0, 1, 2, 0, 0]})

    assert before[:3] == pytest.approx(after[:3], rel=1e-12)
    assert abs(before[3:] - after[3:]).max(axis=1).min() > 1e-3


def test_pretraining_freezes_what_is_below_and_fine_tuning_nothing():
    net = zoo.built("pretraining")
    moved = [
        {leaf.name for leaf, slope in zip(leaves, sg.grad(stage, leaves), strict=True)
         if any(v.name == "x" for v in variables([slope]))}
        for stage in (*net.stages, net.loss)
        for leaves in [[v for v in variables([stage]) if v.role == "parameter"]]
    ]  # fmt: skip

    assert moved[:2] == [{"W1", "b1", "V1", "c1"}, {"W2", "b2", "V2", "c2"}]
    assert moved[2:] == [{"u", "d"}, {"u", "d", "W1", "b1", "W2", "b2"}]


def test_negative_sampling_scores_the_drawn_words_alone():
    L = loss_of("cbow-negative")
    draw = np.random.default_rng(2).normal
    W, out = draw(size=(5, 3)), draw(size=(5, 3))
    ids = {"context": [[0, 1, 1]], "target": [2], "negative": [[3, 4]]}
    h = W[[0, 1, 1]].mean(axis=0)
    right, wrong = 1 / (1 + np.exp(-(out[2] @ h))), 1 / (1 + np.exp(out[[3, 4]] @ h))

    found = sg.evaluate(L, {"W": W, "W'": out, **ids})
    assert found == pytest.approx(-np.log(right) - np.log(wrong).sum(), rel=1e-12)
    (slope,) = slopes(L, {"W": W, "W'": out, **ids}, "W'")
    assert not slope[:2].any()


def test_the_transformer_tells_its_next_words_after_training():
    net = zoo.built("transformer")
    model = sg.Model(net.loss, [net.x, net.y], outputs={"z": net.logits})
    data = {"ids": [0, 1, 2, 1], "y": [1, 2, 1, 3]}
    model.fit(data, optimizer=sg.optim.Adam(0.05), epochs=60)

    assert model.predict({"ids": data["ids"]})["z"].argmax(axis=1).tolist() == data["y"]


def test_the_states_that_the_likelihood_counts_are_called_by_a_letter_that_is_read_back():
    made = sg.derive(loss_of("likelihood"), "b")

    assert made.result.unicode() == "dL/db = Sᵀ δ + vᵀ"
    assert "const" not in made.unicode()
    assert not made.unverified

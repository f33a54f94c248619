"""The derivative of a result by its layers: which values these are, and the norms."""

import json

import numpy as np
import pytest

import symgraph as sg
from symgraph import cli, zoo
from symgraph.zoo import deep


def net(depth, width):
    """A net of tanh layers with its values, and W_1 ... as NumPy sees them."""
    x = sg.input("x", width)
    h, values = x, {"x": np.linspace(-1, 1, width)}
    for k in range(1, depth + 1):
        values[f"W{k}"] = np.random.default_rng(k).normal(size=(width, width)) / 2
        h = sg.let(f"h{k}", sg.tanh(sg.parameter(f"W{k}", (width, width)) @ h))
    return sg.let("L", sg.sum(h**2)), values


@pytest.mark.parametrize("width", [1, 3, 5])
def test_the_norms_are_those_of_the_gradients_in_numpy(width):
    loss, values = net(4, width)
    found = sg.influence_of_layers(loss, values)
    hs = [values["x"]]
    for k in range(1, 5):
        hs.append(np.tanh(values[f"W{k}"] @ hs[-1]))
    wanted, back = [1.0], 2 * hs[-1]
    for k in range(4, 0, -1):
        wanted.append(np.linalg.norm(back))
        back = values[f"W{k}"].T @ (back * (1 - hs[k] ** 2))
    wanted.append(np.linalg.norm(back))

    assert [row.name for row in found.rows] == ["L", "h4", "h3", "h2", "h1", "x"]
    assert [row.shape for row in found.rows] == [(), *[(width,)] * 5]
    assert np.allclose([row.norm for row in found.rows], wanted, rtol=1e-12)
    assert found["h2"].factor == pytest.approx(wanted[3] / wanted[2])


def test_what_some_path_goes_round_is_no_layer():
    x = sg.input("x", 3)
    inside = sg.let("F", sg.tanh(sg.parameter("W", (3, 3)) @ x))
    after = sg.let("h", inside + x)
    loss = sg.let("L", sg.sum(sg.let("y", sg.exp(after))))
    values = {"x": [0.1, 0.2, 0.3], "W": np.eye(3)}

    assert [r.name for r in sg.influence_of_layers(loss, values, by="x").rows] == [
        "L", "y", "h", "x",
    ]  # fmt: skip
    assert "F" in [r.name for r in sg.influence_of_layers(loss, values, by="W").rows]
    with pytest.raises(sg.UnsupportedError, match="not all paths from x to L pass 'F'"):
        sg.influence_of_layers(loss, values, by="x")["F"]


def test_a_result_of_many_entries_has_the_spectral_norm_of_its_jacobian():
    x, W = sg.input("x", 3), np.arange(6.0).reshape(2, 3)
    found = sg.influence_of_layers(sg.let("y", sg.const(W) @ x), {"x": [1.0, 2.0, 3.0]})

    assert found["x"].norm == pytest.approx(np.linalg.norm(W, 2))


def test_a_plain_chain_shrinks_and_a_residual_one_does_not():
    plain = str(sg.influence_of_layers(zoo.built("chain"), {"x": 0.3}))
    assert plain.splitlines()[-1].startswith("From h₄ back to x it shrinks to 0.00")
    residual = sg.influence_of_layers(deep.residual_chain(), {"v": 0.3}, lang="zh")
    assert str(residual).splitlines()[-1].startswith("从 v₄ 往回到 v，导数增大到原来的 ")
    assert all(1.0 <= row.factor <= 1.5 for row in residual.rows[1:])


def test_a_step_function_lets_nothing_through():
    x = sg.input("x")
    found = sg.influence_of_layers(sg.let("y", 2 * sg.let("h", sg.relu(x))), {"x": -1.0})

    assert found.table().endswith("At x, and from there on back, the derivative is 0: nothing is "
                                  "learned there.")  # fmt: skip
    assert found["h"].norm == 2.0


def test_requests_that_make_no_sense_are_refused():
    x, y = sg.input("x"), sg.input("y")
    with pytest.raises(sg.UnsupportedError, match="no derivative flows from y to f"):
        sg.influence_of_layers([sg.let("f", sg.exp(x)), y], {"x": 1.0}, of="f", by="y")
    with pytest.raises(sg.UnsupportedError, match="2 results"):
        sg.influence_of_layers([x * y, x + y])
    with pytest.raises(sg.UnknownNameError, match="no value is called 'z'"):
        sg.influence_of_layers(x * y, {"x": 1.0, "y": 1.0}, by="z")
    with pytest.raises(sg.RangeError, match="4000 derivatives"):
        sg.influence_of_layers(sg.exp(sg.input("v", 4000)), {"v": np.zeros(4000)})


def test_every_loop_has_its_table_and_a_name_chooses_one(capsys):
    assert cli.main(["influence", "zoo:bidirectional", "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [one["title"] for one in both] == [
        "h_t from h_{t−1}, t = 1, …, 10",
        "g_t from g_{t−1}, t = 1, …, 10, backwards in time",
    ]
    assert cli.main(["influence", "zoo:bidirectional", "--of", "g", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == both[1]["rows"]
    assert cli.main(["influence", "zoo:bidirectional", "--of", "q"]) == 2
    assert "has 2 loops, and not one alone has q; their values are" in capsys.readouterr().err


def test_options_about_times_are_refused_without_a_loop(capsys):
    assert cli.main(["influence", "zoo:hinge", "--since", "1"]) == 2
    assert "--since is about the times of a loop, and the expression has none" in (
        capsys.readouterr().err
    )

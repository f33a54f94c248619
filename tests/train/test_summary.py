"""The table of layers, as text and as data."""

import symgraph as sg


def network() -> sg.Model:
    x, y = sg.input("x", ("N", 1, 6, 6)), sg.input("y", "N", kind="integer")
    c = sg.nn.batch_norm(sg.nn.conv2d(x, 4, (3, 2), "c", "relu"), "bn")
    h = sg.nn.dense(sg.nn.flatten(c), 5, "h", sg.tanh, trainable=False)
    W = sg.parameter("W", (5, 5))
    again = sg.let("again", sg.sigmoid(sg.let("once", h @ W) @ W))
    z = again @ sg.parameter("V", (5, 3))
    return sg.Model(sg.let("loss", sg.cross_entropy(z, y)), [x, y], outputs={"z": z})


def test_every_layer_has_its_operation_its_shape_and_its_parameters():
    # 4 windows of 3 x 2 leave 4 x 5 places
    states = "mean_bn (4,), state, variance_bn (4,), state"
    lines = [" ".join(line.split()) for line in str(network().summary()).splitlines()]

    assert lines == [
        "layer operation shape numbers parameters",
        "x input (N, 1, 6, 6)",
        "y input (N,)",
        "c conv2d 3x2, relu (N, 4, 4, 5) 28 W_c (4, 1, 3, 2), b_c (4,)",
        f"bn batch_norm (N, 4, 4, 5) 8 gamma_bn (4,), beta_bn (4,), {states}",
        "h dense, tanh (N, 5) 405 W_h (80, 5), fixed, b_h (5,), fixed",
        "once h @ W (N, 5) 25 W (5, 5)",
        "again sigmoid(once @ W) (N, 5) W, shared",
        "z again @ V (N, 3) 15 V (5, 3)",
        "loss sum(logsumexp(again @ V, axis=1) - pick(a... ()",
        "481 numbers in parameters, 76 of them trained, 8 in states",
    ]


def test_the_counts_are_those_of_the_model():
    model = network()
    summary = model.summary()

    assert summary.parameters == model.parameters.flat.size
    assert summary.states == model.states.flat.size
    assert summary.trained == sum(model.parameters[p.name].size for p in model.spec.trainable)


def test_the_data_are_plain():
    found = network().summary().to_dict()

    assert found["layers"][4] == {
        "name": "h", "operation": "dense, tanh", "shape": ["N", 5], "numbers": 405,
        "parameters": {"W_h": [80, 5], "b_h": [5]}, "states": {}, "fixed": ["W_h", "b_h"],
        "shared": [],
    }  # fmt: skip
    assert (found["parameters"], found["trained"], found["states"]) == (481, 76, 8)


def test_loops_are_layers():
    x = sg.input("x", ("T", "N", 3))
    last = sg.nn.gru(sg.nn.lstm(x, 4, "l").states["h"], 2, "g").final
    rows = sg.Model(sg.mean(last**2), [x]).summary().layers

    assert [(row.name, row.operation, str(row.shape), row.numbers) for row in rows] == [
        ("x", "input", "(T, N, 3)", 0),
        ("l", "lstm", "(T, N, 4)", 16 * (3 + 4 + 1)),
        ("g", "gru", "(T, N, 2)", 6 * (4 + 2 + 1 + 1)),
        ("loss", rows[-1].operation, "()", 0),
    ]


def test_what_no_layer_uses_stands_at_the_end():
    w, seen, only = sg.parameter("w"), sg.state("seen", 2), sg.parameter("only", 3)
    summary = sg.Model(w**2, [], metrics={"m": sg.sum(only)}, updates={seen: seen + 1}).summary()

    assert [(row.name, row.parameters, row.states) for row in summary.layers] == [
        ("loss", {"w": ()}, {}), ("metrics", {"only": (3,)}, {}), ("updates", {}, {"seen": (2,)}),
    ]  # fmt: skip
    assert (summary.parameters, summary.trained, summary.states) == (4, 1, 2)


def test_the_table_of_a_notebook_escapes_names():
    x = sg.input("x", "N")
    page = sg.Model(sg.mean(sg.let("<b>", x * 2)) + sg.parameter("w"), [x]).summary()._repr_html_()

    assert "<td>&lt;b&gt;</td>" in page
    assert "<b>" not in page


def test_a_model_shows_its_inputs_and_size_and_in_a_notebook_its_layers():
    x, w = sg.input("x", ("N", 3)), sg.parameter("w", 3)
    model = sg.Model(sg.mean(x @ w), [x], dtype="float32")

    assert repr(model) == "<Model of x: 3 numbers in parameters, float32>"
    assert model._repr_html_() == model.summary()._repr_html_()


def test_a_parameter_with_an_update_of_its_own_is_not_fixed():
    w = sg.parameter("w", 2)
    text = str(sg.Model(sg.sum(w**2), [], updates={w: w / 2}).summary())

    assert "fixed" not in text
    assert text.endswith("2 numbers in parameters, 2 of them trained")

"""Mistakes in data, settings and models: an error that names the place, and nothing changed."""

import math

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import (
    GradientError,
    KindError,
    MissingFileError,
    NameClashError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)

x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
label = sg.input("label", "N", kind="integer")
flag = sg.input("flag", "N", kind="boolean")
W = sg.parameter("W", (2, 3))
w = sg.parameter("w", 2, init=[1.0, 2.0])


def regression() -> sg.Model:
    return sg.Model(loss=sg.mean((x @ w - y) ** 2), inputs=[x, y], outputs={"y": x @ w})


X, Y = np.arange(6.0).reshape(3, 2), np.arange(3.0)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            [X, Y],
            KindError,
            r"the data are a list of 2, .* Write \{'x': data\[0\], 'y': data",
        ),
        ({"x": X, "Y": Y}, UnknownNameError, r"fit: 'Y' is not an input; did you mean 'y'\? There"),
        ({"x": X}, UnknownNameError, "fit: there are no data for input 'y'; given are: 'x'"),
        ({}, UnknownNameError, "fit: there are no data for input 'x'; given are: none"),
        ({"x": X, "y": Y[:2]}, ShapeError, "data of 'x' have 3 samples, those of 'y' have 2"),
        ({"x": X[:, :1], "y": Y}, ShapeError, r"declared as \(N, 2\): 1 is not 2 on axis 1"),
        ({"x": X.ravel(), "y": Y}, ShapeError, r"have shape \(6,\), .*\(N, 2\): 1 axes and 2"),
        ({"x": X[:0], "y": Y[:0]}, ShapeError, r"data of 'x' are empty, of shape \(0, 2\)"),
        ({"x": X, "y": Y * 1j}, KindError, "data of 'y' have dtype complex128, and the input is"),
        ({"x": X, "y": ["a", "b", "c"]}, KindError, "data of 'y' have dtype <U1, and the input"),
        ({"x": X, "y": ["1", "2", "NA"]}, KindError, r"'NA' at \(2,\) is no number: replace it"),
        ({"x": X, "y": ["1", "2", "3"]}, KindError, r"Convert them with np\.asarray\(a, dtype"),
        ({"x": X, "y": [None, 1.0, 2.0]}, KindError, "data of 'y' have dtype object"),
        ({"x": X, "y": [[1], [2, 3]]}, KindError, "data of 'y' are not an array"),
        ({"x": X, "y": np.ma.array(Y, mask=[0, 1, 0])}, KindError, "'y' are a masked array"),
        (
            {"x": X, "y": [0.0, math.nan, math.inf]},
            NonFiniteError,
            r"fit: the data of 'y' hold nan at \(1,\), and 2 of 3 numbers are not finite",
        ),
        (
            {"x": [[1.0, 2.0], [3.0, -math.inf], [0.0, 0.0]], "y": Y},
            NonFiniteError,
            r"the data of 'x' hold -inf at \(1, 1\), and 1 of 6",
        ),
    ],
)
def test_bad_data_are_refused_before_anything_changes(data, error, message):
    model = regression()

    with pytest.raises(error, match=message):
        model.fit(data, optimizer=sg.optim.SGD(0.1))

    assert model.parameters["w"].tolist() == [1.0, 2.0]


def test_evaluate_predict_step_and_validation_check_their_data_as_well():
    model, bad = regression(), {"x": X, "y": [1.0, math.nan, 2.0]}

    with pytest.raises(NonFiniteError, match="evaluate: the data of 'y' hold nan"):
        model.evaluate(bad)
    with pytest.raises(NonFiniteError, match="step: the data of 'y' hold nan"):
        model.step(bad)
    with pytest.raises(NonFiniteError, match="fit: validation: the data of 'y' hold nan"):
        model.fit({"x": X, "y": Y}, validation=bad)
    with pytest.raises(UnknownNameError, match="predict: 'z' is not an input"):
        model.predict({"x": X, "z": Y})
    with pytest.raises(UnknownNameError, match="predict: there are no data for input 'x'"):
        model.predict({"y": Y})
    assert model.parameters["w"].tolist() == [1.0, 2.0]


def test_the_check_for_finite_data_can_be_left_out():
    assert math.isnan(
        regression().evaluate({"x": X, "y": [0.0, math.nan, 0.0]}, check_finite=False)["loss"]
    )


def test_float32_data_that_overflow_are_not_finite():
    model = sg.Model(loss=sg.mean((x @ w) ** 2), inputs=[x], dtype="float32")

    with pytest.raises(NonFiniteError, match=r"the data of 'x' hold inf at \(0, 0\)"):
        model.evaluate({"x": [[1e300, 0.0]]})


def classifier() -> sg.Model:
    return sg.Model(loss=sg.cross_entropy(x @ W, label), inputs=[x, label])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3, 2], r"fit: the data of 'label' hold 3 at \(1,\), and it chooses one of 3 entries"),
        ([0, 1, -1], r"hold -1 at \(2,\).* Give integers from 0 to 2"),
    ],
)
def test_labels_outside_their_range_are_refused(labels, message):
    model = classifier()
    kept = model.parameters["W"].copy()

    with pytest.raises(RangeError, match=message):
        model.fit({"x": X, "label": labels})

    assert (model.parameters["W"] == kept).all()


def test_labels_inside_their_range_are_taken():
    model = classifier()
    model.parameters["W"] = np.zeros((2, 3))

    assert model.fit({"x": X, "label": [0, 1, 2]})["loss"] == pytest.approx([math.log(3)])


def test_indices_made_of_data_are_checked_where_they_are_used():
    table = sg.parameter("table", 5)
    model = sg.Model(loss=sg.mean(sg.take(table, label + 1) ** 2), inputs=[label])

    assert math.isfinite(model.evaluate({"label": [-1, 3]})["loss"])
    with pytest.raises(RangeError, match=r"label \+ 1 is 5 at \(1,\), and it chooses one of 5"):
        model.evaluate({"label": [0, 4]})


def test_indices_read_inside_a_loop_are_checked():
    words, table = sg.input("words", "T", kind="integer"), sg.parameter("table", (4, 2))
    loop = sg.scan(lambda h, word: sg.tanh(h + sg.take(table, word)), w, words)
    model = sg.Model(loss=sg.sum(loop.final), inputs=[words])

    with pytest.raises(RangeError, match=r"data of 'words' hold 4 at \(2,\), .* one of 4 entries"):
        model.evaluate({"words": [0, 3, 4]})


def test_labels_and_flags_are_of_their_kind():
    with pytest.raises(KindError, match=r"'label' have dtype float64, .* with \.astype\(int\)"):
        classifier().fit({"x": X, "label": [0.0, 1.0, 2.0]})
    with pytest.raises(KindError, match="'label' have dtype uint64, and the input is integer"):
        classifier().fit({"x": X, "label": np.array([1, 2, 2**63], dtype=np.uint64)})
    model = sg.Model(loss=sg.mean(sg.where(flag, x @ w, 0.0) ** 2), inputs=[x, flag])
    with pytest.raises(KindError, match=r"'flag' have dtype int64, .* with \.astype\(bool\)"):
        model.fit({"x": X, "flag": [0, 1, 1]})


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": 1.5}, KindError, r"fit: epochs is 1\.5, and it must be an integer"),
        ({"epochs": -1}, RangeError, "fit: epochs is -1, and it must be 0 or more"),
        ({"seed": "a"}, KindError, "fit: seed is 'a', and it must be an integer"),
        ({"seed": -1}, RangeError, "fit: seed is -1"),
        ({"batch_size": 0}, RangeError, "fit: batch_size is 0, and it must be 1 or more, or None"),
        ({"batch_size": 2.0}, KindError, r"fit: batch_size is 2\.0, and it is an integer or None"),
        ({"shuffle": "no"}, KindError, "fit: shuffle is 'no', and it must be True or False"),
        ({"optimizer": "adam"}, KindError, "fit: optimizer is 'adam', and it is one of sg.optim"),
        ({"clip_norm": 0}, RangeError, "clip_norm is 0, and no gradient would be left"),
        ({"clip_value": -1.0}, RangeError, r"clip_value is -1\.0, and it must be at least 0"),
        ({"validation": 0.1}, RangeError, r"validation=0\.1 of 3 samples leaves 3 to train and 0"),
        ({"validation": 1.0}, RangeError, "leaves 0 to train and 3 to validate"),
        ({"validation": "half"}, MissingFileError, r"there is no file or folder 'half'"),
        ({"validation": 1j}, KindError, "validation is 1j, and it is data by name or a fraction"),
        ({"resume": True}, UnsupportedError, "there is no training with this optimizer and clip"),
    ],
)
def test_bad_settings_are_refused_before_anything_changes(settings, error, message):
    model = regression()

    with pytest.raises(error, match=message):
        model.fit({"x": X, "y": Y}, **settings)

    assert model.parameters["w"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": x @ w}, ShapeError, r"Model: loss has shape \(N,\), and it is one number"),
        ({"loss": sg.sum(x) > 0}, KindError, "Model: the loss is boolean, and only a real number"),
        ({"inputs": x}, KindError, r"Model: inputs is one node, and it is a list"),
        ({"inputs": [x, y, x]}, NameClashError, "Model: inputs has 'x' twice"),
        ({"inputs": [x, w]}, KindError, "Model: inputs has w, which is a parameter"),
        ({"inputs": [x, 2 * y]}, KindError, r"Model: inputs has 2\*y, which is no variable"),
        ({"inputs": [x]}, UnknownNameError, "Model: 'y' is not among the inputs"),
        ({"metrics": {"loss": sg.sum(x)}}, NameClashError, "a metric cannot be named 'loss'"),
        ({"metrics": {"val_a": sg.sum(x)}}, NameClashError, "a metric cannot be named 'val_a'"),
        ({"metrics": {"rate": x}}, ShapeError, r"Model: rate has shape \(N, 2\), and it is one"),
        ({"outputs": x @ w}, KindError, "Model: outputs is a Map|Model: outputs is a Einsum"),
        ({"outputs": {1: x}}, KindError, "Model: outputs has the name 1, and a name is text"),
        ({"updates": {x: x}}, KindError, "Model: updates has the key x, and only states and para"),
        ({"updates": [w]}, KindError, "Model: updates maps variables to nodes"),
        (
            {"updates": {sg.state("s", 3): w}},
            ShapeError,
            r"Model: state 's' has shape \(3,\), its new value \(2,\)",
        ),
        (
            {"outputs": {"other": sg.parameter("w", 3)}},
            NameClashError,
            r"variable 'w': one has shape \([23],\), parameter, another \([23],\), parameter",
        ),
        ({"dtype": "float16"}, KindError, "Model: dtype is 'float16', and it is 'float64' or"),
        ({"batch": "M"}, UnknownNameError, r"batch='M' is not the size of one axis .* are: 'N'"),
    ],
)
def test_models_that_do_not_fit_together_are_refused(arguments, error, message):
    settings = {"loss": sg.mean((x @ w - y) ** 2), "inputs": [x, y], **arguments}

    with pytest.raises(error, match=message):
        sg.Model(**settings)


def test_a_model_without_anything_to_train_says_so():
    with pytest.raises(GradientError, match="the loss depends on no parameter that may change"):
        sg.Model(loss=sg.mean(y), inputs=[y]).fit({"y": Y})
    fixed = sg.parameter("fixed", trainable=False)
    with pytest.raises(GradientError, match="leave out trainable=False"):
        sg.Model(loss=fixed**2, inputs=[]).fit({})


def test_nothing_is_held_out_when_no_size_counts_samples():
    model = sg.Model(loss=sg.sum(w**2), inputs=[])

    with pytest.raises(UnsupportedError, match="no open size that counts samples, so no fraction"):
        model.fit({}, validation=0.5)


def test_a_model_without_outputs_does_not_predict():
    with pytest.raises(UnsupportedError, match="predict: the model has no outputs"):
        sg.Model(loss=sg.mean(y), inputs=[y]).predict({"y": Y})


def test_an_output_without_samples_is_not_computed_in_parts():
    model = sg.Model(loss=sg.mean(y), inputs=[y], outputs={"sum": sg.sum(y)})

    assert model.predict({"y": Y})["sum"] == 3.0
    with pytest.raises(
        UnsupportedError, match=r"output 'sum' has shape \(\) and no axis of size N"
    ):
        model.predict({"y": Y}, batch_size=2)


def test_states_of_the_model_and_of_the_optimizer_do_not_mix():
    step = sg.state("step")
    model = sg.Model(loss=sg.mean((x @ w) ** 2) + step, inputs=[x])

    with pytest.raises(
        NameClashError, match="state step belongs to the model and to the optimizer"
    ):
        model.fit({"x": X}, optimizer=sg.optim.Adam())


def test_a_name_of_the_optimizer_that_a_variable_has_is_refused():
    taken = sg.parameter("m_w", 5)
    model = sg.Model(loss=sg.mean((x @ w) ** 2) + sg.sum(taken), inputs=[x])

    with pytest.raises(NameClashError, match="variable 'm_w': one has shape"):
        model.fit({"x": X}, optimizer=sg.optim.Adam())


def test_parameters_refuse_other_names_shapes_and_kinds():
    model = regression()

    with pytest.raises(UnknownNameError, match=r"'W' is not a parameter; did you mean 'w'\?"):
        model.parameters["W"] = 1
    with pytest.raises(ShapeError, match=r"'w' has shape \(2,\), and the array given \(3,\)"):
        model.parameters["w"] = [1, 2, 3]
    with pytest.raises(KindError, match="an array of dtype <U1 does not hold real numbers"):
        model.parameters["w"] = ["a", "b"]
    with pytest.raises(UnsupportedError, match="parameter 'w' belongs to the graph and cannot be"):
        del model.parameters["w"]
    assert "W" not in model.parameters
    assert model.parameters["w"].tolist() == [1.0, 2.0]


def test_there_is_no_learning_rate_to_change_before_training():
    model = regression()

    with pytest.raises(UnsupportedError, match="there is none to read or set before training"):
        model.learning_rate = 0.1
    model.fit({"x": X, "y": Y}, optimizer=sg.optim.SGD(lambda step: 0.1 / (step + 1)))
    with pytest.raises(UnsupportedError, match="an expression of the step"):
        _ = model.learning_rate


class TestWhichSizeCountsTheSamples:
    @staticmethod
    def batch(*shapes, **settings):
        inputs = [sg.input(f"x{i}", shape) for i, shape in enumerate(shapes)]
        loss = sum((sg.sum(node) for node in inputs), sg.parameter("p"))
        return str(sg.Model(loss=loss, inputs=inputs, **settings).spec.batch)

    def test_it_is_the_only_open_size(self):
        assert self.batch(("M", 3), ("M",)) == "M"

    def test_it_is_n_when_there_are_several(self):
        assert self.batch(("T", "N", 3), ("N",)) == "N"

    def test_it_is_the_size_that_leads_everywhere_without_an_n(self):
        assert self.batch(("B", "T"), ("B", "S")) == "B"

    def test_it_is_no_size_that_a_loop_runs_over(self):
        sequence = sg.input("sequence", ("T", 2))
        final = sg.scan(lambda h, entry: sg.tanh(h + entry), w, sequence).final

        assert sg.Model(loss=sg.sum(final), inputs=[sequence]).spec.batch is None

    def test_it_can_be_named_or_switched_off(self):
        assert self.batch(("N", "T"), batch="T") == "T"
        assert self.batch(("N", "T"), batch=None) == "None"

    def test_it_is_none_when_all_sizes_are_numbers(self):
        assert self.batch((4, 3)) == "None"

    def test_it_must_be_named_when_nothing_tells(self):
        with pytest.raises(UnknownNameError, match="the sizes S, T, and any of them may count"):
            self.batch(("S",), ("T",))

    def test_a_size_that_stands_twice_in_one_input_cannot_be_cut(self):
        assert self.batch(("N", "N")) == "None"


@pytest.mark.parametrize(
    ("labels", "fix"),
    [
        (["cat", "dog", "cat"], r"Number them: names, ids = np\.unique\(a, return_inverse=True\)"),
        (np.eye(3), r"If they are one-hot, convert them with \.argmax\(axis=-1\)"),
        ([0.0, 1.5, 1.0], r"They hold 1\.5 at \(1,\): give whole numbers"),
        ([0.0, math.nan, 1.0], r"They hold nan at \(1,\): give whole numbers"),
        ([0.0, 1.0, 2.0], r"Convert them with \.astype\(int\)"),
    ],
)
def test_labels_of_another_kind_are_told_what_makes_them_fit(labels, fix):
    z, label = sg.input("z", ("N", 3)), sg.input("label", "N", kind="integer")
    model = sg.Model(sg.cross_entropy(z * sg.parameter("scale"), label), [z, label])

    with pytest.raises(KindError, match=fix):
        model.fit({"z": np.zeros((3, 3)), "label": labels})

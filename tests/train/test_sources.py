"""Data from files, on disk and in sequences: the numbers that the same arrays in memory give."""

import tracemalloc

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.errors import (
    KindError,
    NameClashError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
RNG = np.random.default_rng(5)
DATA = {"x": RNG.normal(size=(29, 3)), "label": RNG.integers(0, 4, size=29)}


def classifier(target="numpy") -> sg.Model:
    x, label = sg.input("x", ("N", 3)), sg.input("label", "N", kind="integer")
    z = x @ sg.parameter("W", (3, 4)) + sg.parameter("b", 4)
    metrics = {"right": sg.metrics.accuracy(z, label)}
    return sg.Model(
        sg.cross_entropy(z, label), [x, label], {"z": z}, metrics=metrics, target=target
    )


SETTINGS = {"optimizer": sg.optim.Adam(0.05), "epochs": 3, "batch_size": 4}


def same(data, target, **more):
    """What is trained from some data, and from the arrays in memory."""
    found = []
    for given_data in (data, DATA):
        model = classifier(target)
        history = model.fit(given_data, **{**SETTINGS, **more})
        found.append((history.to_dict(), model.parameters.flat.tolist()))
    assert found[0] == found[1]


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["npz", "safetensors", "csv", ""])
@pytest.mark.parametrize("target", TARGETS)
def test_a_file_trains_as_its_arrays_do(suffix, target, tmp_path):
    path = tmp_path / f"data.{suffix}"
    if suffix == "npz":
        np.savez(path, other=np.ones(3), **DATA)
    elif suffix == "safetensors":
        from safetensors.numpy import save_file

        save_file(DATA, path)
    elif suffix == "csv":
        rows = [f"{a!r},{b!r},{c!r},{k},text" for (a, b, c), k in zip(
            DATA["x"].tolist(), DATA["label"].tolist(), strict=True)]  # fmt: skip
        path.write_text("\n".join(["x[0],x[1],x[2],label,comment", *rows, ""]))
    else:
        path = tmp_path
        np.save(path / "x.npy", DATA["x"])
        np.save(path / "label.npy", DATA["label"])

    same(path, target)
    same(str(path), target, validation=0.25)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f8", "int16"])
def test_mapped_files_of_any_type_and_order_train_as_their_numbers_do(
    target, order, dtype, tmp_path
):
    x = np.asarray((DATA["x"] * 100).round(), dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "label.npy", DATA["label"].astype(np.uint8))
    mapped = sg.data.load(tmp_path)
    assert isinstance(mapped["x"], np.memmap)
    memory = {"x": x.astype(float), "label": DATA["label"]}

    for more in ({}, {"validation": 0.3}, {"shuffle": False}, {"batch_size": None}):
        found = []
        for data in (mapped, memory):
            model = classifier(target)
            history = model.fit(data, **{**SETTINGS, **more})
            found.append((history.to_dict(), model.parameters.flat.tolist()))
            found[-1] += (model.evaluate(data, batch_size=5), model.predict(data)["z"].tolist())
        assert found[0] == found[1]


def test_sequences_along_another_axis_stay_on_disk_as_well(tmp_path):
    x, w = sg.input("x", ("T", "N")), sg.parameter("w", init=0.5)
    values = RNG.normal(size=(3, 40)).astype(np.float32)
    np.save(tmp_path / "x.npy", values)
    loss = sg.mean(sg.tanh(w * sg.sum(x, axis=0)) ** 2)
    found = []
    for data in (sg.data.load(tmp_path), {"x": values.astype(float)}):
        model = sg.Model(loss, [x], batch="N")
        found.append(model.fit(data, optimizer=sg.optim.SGD(0.1), epochs=2, batch_size=7)["loss"])

    assert found[0] == found[1]


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_is_not_read_into_memory_as_a_whole(target, tmp_path):
    rows = 1 << 20
    for name, shape, dtype in (("x", (rows, 3), np.float64), ("label", (rows,), np.int16)):
        np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", dtype, shape).flush()
    model = classifier(target)
    model.evaluate({"x": np.zeros((2, 3)), "label": [0, 0]})  # compiles
    data = sg.data.load(tmp_path)

    tracemalloc.start()
    measured = model.evaluate(data)
    model.fit(data, optimizer=sg.optim.SGD(0.1), batch_size=1 << 12, shuffle=False, validation=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert measured["loss"] == pytest.approx(np.log(4))
    # the order of the samples and how they were divided are numbers of 8 bytes; x alone has 24
    assert peak < 52 * rows


def test_what_stays_on_disk_is_predicted_some_samples_at_a_time(tmp_path):
    rows = 1 << 20
    x, w = sg.input("x", ("N", 4)), sg.parameter("w", 4, init=1.0)
    out = sg.sum(sg.exp(sg.tanh(x)) * w, axis=1)
    model = sg.Model(sg.mean(out), [x], {"y": out})
    model.predict({"x": np.zeros((2, 4))})  # compiles
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (rows, 4)).flush()

    tracemalloc.start()
    found = model.predict(tmp_path)["y"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found == 4.0).all()
    # order, parts and result have 8 bytes a row each; x as float64 and what is made of it 32 each
    assert peak < 48 * rows


def test_numbers_that_are_not_finite_are_found_far_inside_of_a_file(tmp_path):
    x = np.zeros((400_000, 3), np.float32)
    x[300_000, 2], x[-1, 0] = np.inf, np.nan
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "label.npy", np.zeros(400_000, int))

    with pytest.raises(
        NonFiniteError, match=r"'x' hold inf at \(300000, 2\), and 2 of 1200000 numbers"
    ):
        classifier().fit(tmp_path)


def test_labels_outside_their_range_are_found_far_inside_of_a_file(tmp_path):
    labels = np.zeros(1_500_000, int)
    labels[1_400_000] = 4
    np.save(tmp_path / "x.npy", np.zeros((len(labels), 3)))
    np.save(tmp_path / "label.npy", labels)

    with pytest.raises(RangeError, match=r"'label' hold 4 at \(1400000,\), and it chooses one of"):
        classifier().fit(tmp_path)


def test_columns_of_a_table_are_chosen_by_name(tmp_path):
    path = tmp_path / "iris.csv"
    path.write_text('\ufeffwidth, length,"kind, of",n\n1.5,2,a,\n-3,4.5,b,7\n\n', encoding="utf-8")

    found = sg.data.load(path, {"x": ["width", "length"], "one": "length", "kind": "kind, of"})

    assert found["x"].tolist() == [[1.5, 2.0], [-3.0, 4.5]]
    assert found["one"].tolist() == [2.0, 4.5]
    assert found["kind"].tolist() == ["a", "b"]
    assert np.isnan(sg.data.load(path)["n"][0])
    with pytest.raises(UnknownNameError, match="'lenght' is not a column; did you mean 'length'"):
        sg.data.load(path, {"x": "lenght"})


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", UnsupportedError, "'t.csv' has no line of names"),
        ("a,a\n1,2\n", UnsupportedError, "'t.csv' has two columns 'a'"),
        ("a,b\n1,2\n3\n", ShapeError, "line 3 of 't.csv' has 1 cells, the first line names 2"),
        ("a[0],a[2]\n1,2\n", UnknownNameError, r"'a\[2\]' and no column 'a\[1\]'"),
        ("a,a[0]\n1,2\n", NameClashError, r"there are columns 'a' and 'a\[0\]'"),
    ],
)
def test_tables_that_cannot_be_read_say_where(text, error, message, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)

    with pytest.raises(error, match=message):
        sg.data.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1.0,2.0,3\n4,5,6\n",
            r"first line of 't.csv' holds the numbers 1.0, 2.0, 3, and it",
        ),
        ("1,1\n2,3\n", "holds the numbers 1, 1, and it names the columns. Put a line of names"),
        ("1e3,-2,nan,4,5\n", "holds the numbers 1e3, -2, nan, 4, ..., and it names"),
        ("a;b\n1;2\n", r"has ';' between its cells, .* Write sg.data.load\(path, separator=';'\)"),
        ("a;b\n1,5;2\n", r"separator=';'"),
        ("a\tb\n1\t2\n", r"separator='\\t'"),
    ],
)
def test_tables_without_names_or_with_other_separators_say_so(text, message, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UnsupportedError, match=message):
        sg.data.load(tmp_path / "t.csv")
    with pytest.raises(UnsupportedError, match=message):
        classifier().fit(tmp_path / "t.csv")


def test_other_separators_and_numbered_columns_are_read_where_asked_for(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1;2.5\n3;4\n")
    table = sg.data.load(tmp_path / "t.csv", separator=";")
    assert {name: array.tolist() for name, array in table.items()} == {"a": [1, 3], "b": [2.5, 4]}
    (tmp_path / "t.csv").write_text("0,1,2\n5,6,7\n")
    found = sg.data.load(tmp_path / "t.csv", {"x": ["0", "1"], "y": "2"})
    assert (found["x"].tolist(), found["y"].tolist()) == ([[5, 6]], [7])


def test_a_data_frame_is_taken_as_its_file_is(tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    columns = {f"x[{i}]": DATA["x"][:, i] for i in range(3)}
    frame = pandas.DataFrame({**columns, "label": DATA["label"], "remark": "none", 7: 0.0})
    frame.to_csv(tmp_path / "t.csv", index=False)

    first, second = classifier().fit(frame, **SETTINGS), classifier().fit(DATA, **SETTINGS)

    assert first["loss"] == second["loss"]
    assert classifier().evaluate(tmp_path / "t.csv") == classifier().evaluate(frame)
    with pytest.raises(UnknownNameError, match=r"for input 'label'; given are: 'remark', 7, 'x'\."):
        classifier().fit(frame.drop(columns="label"))


def test_tables_in_another_encoding_and_paths_without_a_file_say_so(tmp_path):
    (tmp_path / "t.csv").write_bytes("né\n1\n".encode("latin-1"))

    with pytest.raises(UnsupportedError, match=r"'t\.csv' is not text in UTF-8 .* at byte 1\)"):
        sg.data.load(tmp_path / "t.csv")
    with pytest.raises(FileNotFoundError, match=r"there is no file or folder .*digits"):
        sg.data.load(tmp_path / "digits")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "b.npz").write_text("1")
    with pytest.raises(UnsupportedError, match=r"'a\.txt' is neither a folder nor"):
        classifier().fit(tmp_path / "a.txt")
    with pytest.raises(UnsupportedError, match=r"'b\.npz' is not a readable \.npz file"):
        classifier().fit(tmp_path / "b.npz")
    with pytest.raises(UnsupportedError, match=r"holds no \.npy file"):
        classifier().fit(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"c\.npz"):
        classifier().fit(tmp_path / "c.npz")
    (tmp_path / "x.npy").write_text("1")
    with pytest.raises(UnsupportedError, match=r"is not a readable \.npy file"):
        classifier().fit(tmp_path)


def test_what_looks_like_a_table_is_taken_by_its_columns():
    class Frame:
        """As much of a data frame as matters."""

        def keys(self):
            return DATA.keys()

        def __getitem__(self, name):
            return DATA[name]

    same(Frame(), "numpy")


# --- sequences ----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 2), st.booleans())
def test_padded_sequences_hold_each_sequence_and_nothing_else(lengths, more, time_first):
    sequences = [RNG.integers(1, 9, size=(length, 2)) for length in lengths]

    size = max(lengths) + more
    padded = sg.data.pad(sequences, length=size, value=-1, time_first=time_first)

    values, mask = padded.values, padded.mask
    if time_first:
        values, mask = values.swapaxes(0, 1), mask.T
    assert padded.lengths.tolist() == lengths
    assert values.shape == (len(lengths), size, 2)
    for row, shown, sequence in zip(values, mask, sequences, strict=True):
        assert row[shown].tolist() == sequence.tolist()
        assert (row[~shown] == 0).all() or (row[~shown] == -1).all()


@pytest.mark.parametrize(
    ("sequences", "settings", "error", "message"),
    [
        ([], {}, RangeError, "there are no sequences"),
        ([[1, 2], [3]], {"length": 1}, RangeError, "sequence 0 has 2 entries, and length is 1"),
        ([[1]], {"length": 1.5}, KindError, r"length is 1\.5"),
        ([[[1, 2]], [[1]]], {}, ShapeError, r".* have the shapes \[\(1,\), \(2,\)\]"),
        ([[1], 2], {}, KindError, r"sequence 1 has shape \(\)"),
        ([["a"]], {}, KindError, "sequence 0 has shape .* dtype <U1"),
        ([[[1], [1, 2]]], {}, KindError, "sequence 0 is not an array"),
    ],
)
def test_sequences_that_cannot_be_padded_say_why(sequences, settings, error, message):
    with pytest.raises(error, match=f"pad: {message}"):
        sg.data.pad(sequences, **settings)


def recurrent(target) -> sg.Model:
    """A classifier of the last state, and a prediction of every next entry."""
    x, label = sg.input("x", ("T", "N", 2)), sg.input("label", "N", kind="integer")
    mask = sg.input("mask", ("T", "N"), kind="boolean")
    W, U = sg.parameter("W", (2, 3)), sg.parameter("U", (3, 3))
    V, R = sg.parameter("V", (3, 2)), sg.parameter("R", (3, 2))
    start = sg.zeros((x.shape[1], 3))
    loop = sg.scan(lambda h, now: sg.tanh(now @ W + h @ U), start, x, mask=mask)
    of_last = sg.cross_entropy(loop.final @ V, label)
    of_all = sg.mean_squared_error(loop.states @ R, x, weight=mask)
    return sg.Model(
        of_last + of_all, [x, label, mask], {"z": loop.final @ V}, batch="N",
        metrics={"each": of_all}, target=target,
    )  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_masked_batch_is_each_sequence_alone(target):
    lengths, labels = [4, 1, 6, 3], np.array([0, 1, 1, 0])
    sequences = [RNG.normal(size=(length, 2)) for length in lengths]
    padded = sg.data.pad(sequences, length=8, value=5.0, time_first=True)
    together = {"x": padded.values, "mask": padded.mask, "label": labels}
    model = recurrent(target)
    alone = [
        {"x": one[:, None], "mask": np.ones((len(one), 1), bool), "label": label[None]}
        for one, label in zip(sequences, labels, strict=True)
    ]
    scores = [model.predict(one)["z"][0] for one in alone]
    measured = [model.evaluate(one) for one in alone]
    every = np.average([one["each"] for one in measured], weights=lengths)
    last = np.mean([one["loss"] - one["each"] for one in measured])

    assert model.evaluate(together) == pytest.approx({"loss": last + every, "each": every})
    assert model.evaluate(together, batch_size=3)["each"] == pytest.approx(every)
    np.testing.assert_allclose(model.predict(together)["z"], scores, rtol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
def test_what_stands_behind_the_end_of_a_sequence_does_not_matter(target):
    lengths = np.array([2, 5, 3])
    sequences = [RNG.normal(size=(length, 2)) for length in lengths]
    found = []
    for value, longer in ((0.0, 5), (9.0, 5), (-3.0, 7)):
        padded = sg.data.pad(sequences, length=longer, value=value, time_first=True)
        model = recurrent(target)
        data = {"x": padded.values, "mask": padded.mask, "label": [0, 1, 1]}
        model.fit(data, optimizer=sg.optim.SGD(0.2), epochs=4, batch_size=2)
        found.append(model.parameters.flat.copy())

    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-10)

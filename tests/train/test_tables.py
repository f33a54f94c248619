"""Tables: .csv files of many makes, data frames of several libraries, folders made of both."""

import tracemalloc
import zipfile

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import (
    KindError,
    MissingFileError,
    ShapeError,
    StorageError,
    UnknownNameError,
    UnsupportedError,
)

TEXT = "x[0],x[1],y\n1,2.5,3\n4,5,6\n"
X, Y = [[1.0, 2.5], [4.0, 5.0]], [3.0, 6.0]


def model():
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
    return sg.Model(sg.mean((x @ sg.parameter("w", 2, init="ones") - y) ** 2), [x, y])


#: The loss of that model for the table above.
LOSS = ((3.5 - 3) ** 2 + (9 - 6) ** 2) / 2


def written(folder, text, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


FORMS = {
    "lines that end as on Windows": TEXT.replace("\n", "\r\n"),
    "lines that end as on an old Mac": TEXT.replace("\n", "\r"),
    "a mark of the byte order": "\ufeff" + TEXT,
    "quoted cells": '"x[0]","x[1]","y"\n"1","2.5","3"\n"4","5","6"\n',
    "blank lines": TEXT.replace("\n", "\n\n"),
    "blanks around the cells": "x[0] , x[1], y\n 1, 2.5 ,3\n4,5,6 \n",
    "no end of the last line": TEXT.rstrip(),
    "an index without a name": ",x[0],x[1],y\n0,1,2.5,3\n1,4,5,6\n",
    "a comma behind each line": "x[0],x[1],y,\n1,2.5,3,\n4,5,6,\n",
    "text of several lines": 'x[0],x[1],y,t\n1,2.5,3,"a\nb"\n4,5,6,c\n',
    "columns in another order": "y,x[1],x[0]\n3,2.5,1\n6,5,4\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_tables_of_many_makes_hold_the_same_numbers(text, tmp_path):
    path = written(tmp_path, text)

    found = sg.data.load(path)

    assert (found["x"].tolist(), found["y"].tolist(), found["y"].dtype) == (X, Y, np.int64)
    assert model().evaluate(path) == {"loss": LOSS}
    assert {*found} <= {"x", "y", "t"}


@pytest.mark.parametrize("name", ["t.CSV", "t.tsv", "t.TSV"])
def test_the_suffix_says_what_separates_the_cells(name, tmp_path):
    text = TEXT.replace(",", "\t") if "csv" not in name.lower() else TEXT

    assert model().evaluate(written(tmp_path, text, name)) == {"loss": LOSS}


def test_text_and_gaps_far_behind_numbers_are_read_as_they_stand(tmp_path):
    rows = 20_000
    lines = [f"{i},{i}.5,{i},{i}" for i in range(rows)]
    lines[-1] = "7,,none at all,8.25"

    found = sg.data.load(written(tmp_path, "\n".join(["a,b,c,d", *lines])))

    assert (found["a"].dtype, found["b"].dtype, found["d"].dtype) == (np.int64, float, float)
    assert np.isnan(found["b"][-1])
    assert found["d"][-1] == 8.25
    assert (found["b"][:-1] == np.arange(rows - 1) + 0.5).all()
    assert found["c"][[0, 12_345, -1]].tolist() == ["0", "12345", "none at all"]


def test_a_table_takes_little_more_memory_than_its_arrays(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(40_000, 4))
    path = tmp_path / "t.csv"
    np.savetxt(path, numbers, "%.17g", ",", header="x[0],x[1],x[2],x[3]", comments="")

    tracemalloc.start()
    found = sg.data.load(path)["x"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found == numbers).all()
    assert peak < 6 * found.nbytes  # as lists of cells it would be ten times as much


# --- what cannot be read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (
            'a,b\n"1,2\n' + "1,2\n" * 40_000,
            UnsupportedError,
            "cannot be read beyond line .*quotation mark that is not closed",
        ),
        ('a,b\n"1,2\n3,4\n', ShapeError, "has 1 cells.* Close its quotation mark"),
        ("a b\n1 2\n", UnsupportedError, r"Write sg.data.load\(path, separator=' '\)"),
    ],
)
def test_tables_that_cannot_be_read_say_what_to_mend(text, error, said, tmp_path):
    with pytest.raises(error, match=said):
        sg.data.load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"separator": ";;"}, "separator is ';;', and it is the one character"),
        ({"separator": ""}, "separator is ''"),
        ({"separator": 3}, "separator is 3"),
        ({"separator": "\n"}, "separator is"),
        ({"columns": ["y"]}, r"columns is \['y'\], and it maps names to columns"),
        ({"columns": "y"}, "columns is 'y', and it maps"),
        ({"columns": {"x": 3}}, "columns: 'x' is made of 3, and it is the name of a column"),
        ({"columns": {"x": []}}, r"columns: 'x' is made of \[\]"),
        ({"columns": {"x": ["y", 1]}}, r"columns: 'x' is made of \['y', 1\]"),
    ],
)
def test_wrong_columns_and_separators_are_told(settings, said, tmp_path):
    with pytest.raises(KindError, match=f"^load: {said}"):
        sg.data.load(written(tmp_path, TEXT), **settings)


def test_an_input_that_no_column_is_called_like_is_told_with_the_call_that_names_it(tmp_path):
    path = written(tmp_path, "a,b,y\n1,2.5,3\n4,5,6\n")

    with pytest.raises(UnknownNameError, match=r"columns=\{'x': \['a', 'b'\], \.\.\.\}\)") as told:
        model().evaluate(path)
    assert f"sg.data.load({str(path)!r}" in str(told.value)
    table = sg.data.load(path, columns={"x": ["a", "b"], "y": "y"})
    assert model().evaluate(table) == {"loss": LOSS}
    with pytest.raises(UnknownNameError, match="Call 'Y' 'y'"):
        model().evaluate(written(tmp_path, TEXT.replace("y", "Y")))
    wide = {f"c{i}": np.zeros(2) for i in range(1000)}
    with pytest.raises(UnknownNameError, match=r"'c11', \.\.\.") as told:
        model().evaluate(np.rec.fromarrays([*wide.values()], names=[*wide]))
    assert len(str(told.value)) < 400


# --- data frames --------------------------------------------------------------------------------


def pandas_frame(columns):
    return pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(columns)


def polars_frame(columns):
    return pytest.importorskip("polars", reason="polars is not installed").DataFrame(columns)


def arrow_table(columns):
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed").table(columns)


def records(columns):
    return np.rec.fromarrays([np.array(one) for one in columns.values()], names=[*columns])


MAKERS = [pandas_frame, polars_frame, arrow_table, records]


@pytest.mark.parametrize("make", MAKERS)
def test_data_frames_of_every_library_are_taken_by_their_columns(make):
    frame = make({"x[0]": [1, 4], "x[1]": [2.5, 5], "y": [3, 6], "remark": [0, 0]})

    assert model().evaluate(frame) == {"loss": LOSS}
    assert model().fit(frame, epochs=1)["loss"] == [LOSS]
    with pytest.raises(UnknownNameError, match=r"input 'x'; given are: 'a', 'y'.*data\[\['a', 'y'"):
        model().evaluate(make({"a": [1, 4], "y": [3, 6]}))


@pytest.mark.parametrize("make", MAKERS[1:3])
def test_gaps_in_a_data_frame_are_told(make):
    frame = make({"x[0]": [1, 4], "x[1]": [2.5, None], "y": [3, 6]})

    with pytest.raises(sg.NonFiniteError, match=r"of 'x' hold nan at \(1, 1\)"):
        model().evaluate(frame)


def test_one_column_and_frames_without_numbers_yet_are_told():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    with pytest.raises(KindError, match="the data are a Series, and they map the names"):
        model().evaluate(pandas.Series(range(100_000)))
    polars = pytest.importorskip("polars", reason="polars is not installed")
    with pytest.raises(KindError, match=r"a LazyFrame.* Write data\.collect\(\)"):
        model().evaluate(polars.LazyFrame({"y": [1]}))
    with pytest.raises(KindError, match="the data are a Series, and they map the names"):
        model().fit(polars.Series([1.0, 2.0]))


class Sparse:
    """As much of a sparse matrix as matters."""

    def toarray(self):
        return np.eye(2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array(["a", "b"], object), r"'a' at \(0,\) is no number: replace it or leave it out"),
        (np.array([1.0, None], object), r"None at \(1,\) is no number"),
        (np.array([1.0, 2.0], object), r"Convert them with np.asarray\(a, dtype=float\)"),
        (Sparse(), r"They are sparse: write them as \.toarray\(\)"),
    ],
)
def test_objects_in_the_place_of_numbers_are_told_by_the_first_one(value, said):
    with pytest.raises(KindError, match=f"of 'y' have dtype object.* {said}"):
        model().evaluate({"x": X, "y": value})


# --- folders ------------------------------------------------------------------------------------


def test_a_table_becomes_a_folder_that_stays_on_disk(tmp_path):
    made = sg.data.to_folder(written(tmp_path, TEXT), tmp_path / "data")

    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["x.npy", "y.npy"]
    assert isinstance(made["x"], np.memmap)
    assert made["x"].tolist() == X
    assert model().evaluate(tmp_path / "data") == {"loss": LOSS}
    chosen = {"a": ["y", "x[0]"]}
    assert sg.data.to_folder(tmp_path / "t.csv", tmp_path / "b", chosen)["a"].tolist() == [
        [3, 1],
        [6, 4],
    ]


def test_archives_arrays_and_frames_become_folders(tmp_path):
    np.savez_compressed(tmp_path / "t.npz", x=X, y=Y)
    frame = records({"x[0]": [1, 4], "x[1]": [2.5, 5], "y": [3, 6]})
    for k, data in enumerate([tmp_path / "t.npz", {"x": X, "y": Y}, frame]):
        sg.data.to_folder(data, tmp_path / f"{k}")
        assert model().evaluate(tmp_path / f"{k}") == {"loss": LOSS}


def test_folders_with_files_and_names_that_no_file_can_have_are_refused(tmp_path):
    written(tmp_path, TEXT)
    with pytest.raises(StorageError, match=r"it holds files already.* What was there is unchanged"):
        sg.data.to_folder(tmp_path / "t.csv", tmp_path)
    with pytest.raises(StorageError, match="cannot be written"):
        sg.data.to_folder({"x": X}, tmp_path / "t.csv")
    with pytest.raises(MissingFileError, match=r"no file or folder .*none\.csv"):
        sg.data.to_folder(tmp_path / "none.csv", tmp_path / "a")
    for name in ("../x", "a/b", "", ".x", "a\\b", 3):
        with pytest.raises(KindError, match=r"to_folder: .* no file can be called so"):
            sg.data.to_folder({"y": Y, name: X}, tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "z.npz", "w") as archive:
        archive.writestr("../../out.npy", b"")
    with pytest.raises(KindError, match="no file can be called so"):
        sg.data.to_folder(tmp_path / "z.npz", tmp_path / "a")
    for data in (3, [X, Y], None):
        with pytest.raises(KindError, match="to_folder: the data are a"):
            sg.data.to_folder(data, tmp_path / "a")
    with pytest.raises(KindError, match="to_folder: 'x' has dtype object"):
        sg.data.to_folder({"x": [None]}, tmp_path / "a")
    with pytest.raises(UnsupportedError, match="not a readable"):
        sg.data.to_folder(written(tmp_path, "no", "n.npz"), tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []  # nothing is left of what failed


def test_arrays_of_an_archive_and_of_a_folder_are_chosen_as_columns_are(tmp_path):
    np.savez(tmp_path / "t.npz", a=[1.0, 4.0], b=[2.5, 5.0], c=Y, d=X)
    sg.data.to_folder(tmp_path / "t.npz", tmp_path / "data")
    for path in (tmp_path / "t.npz", tmp_path / "data"):
        assert model().evaluate(sg.data.load(path, {"x": ["a", "b"], "y": "c"})) == {"loss": LOSS}
        assert sg.data.load(path, {"x": "d"})["x"].tolist() == X
        with pytest.raises(UnknownNameError, match="'e' is not a column"):
            sg.data.load(path, {"x": "e"})
        with pytest.raises(ShapeError, match=r"'x' is made of arrays of the shapes \[\(2,\), "):
            sg.data.load(path, {"x": ["a", "d"]})

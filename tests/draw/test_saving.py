"""Files that cannot be written, formats that there are not, packages that are missing."""

import sys

import pytest

import symgraph as sg
from symgraph.zoo import losses


@pytest.fixture(scope="module")
def picture():
    return sg.draw(sg.sin(sg.input("x")))


def test_an_unknown_suffix_is_told_with_those_that_there_are(picture, tmp_path):
    with pytest.raises(sg.DrawError, match=r"'net\.bmp' ends in none of \.svg, .*'net\.svg'"):
        picture.save(tmp_path / "net.bmp")


def test_a_folder_that_is_not_there_is_named(picture, tmp_path):
    with pytest.raises(sg.DrawError, match=r"no such folder. Make .*missing"):
        picture.save(tmp_path / "missing" / "net.svg")


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".tex", ".dot", ".html"])
def test_a_file_that_may_not_be_written_says_why(picture, tmp_path, suffix):
    (tmp_path / f"net{suffix}").mkdir()

    with pytest.raises(sg.DrawError, match=r"cannot be written: Is a directory"):
        picture.save(tmp_path / f"net{suffix}")


@pytest.mark.parametrize(
    ("suffix", "module", "extra"), [(".png", "resvg_py", "png"), (".gif", "PIL", "gif")]
)
def test_a_missing_package_names_its_extra(picture, tmp_path, monkeypatch, suffix, module, extra):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(sg.UnsupportedError, match=rf"pip install 'symgraph\[{extra}\]'"):
        picture.save(tmp_path / f"net{suffix}")
    assert not list(tmp_path.iterdir())


# The formats that need a package, and its name there.
NEEDS = {
    ".png": ("resvg_py", "resvg-py"), ".gif": ("PIL", "Pillow"), ".pptx": ("pptx", "python-pptx"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", NEEDS)
def test_a_missing_package_is_one_line_that_says_how_to_get_it(suffix, tmp_path, monkeypatch):
    module, package = NEEDS[suffix]
    monkeypatch.setitem(sys.modules, module, None)

    line = rf"[^\n]*{package}[^\n]*pip install[^\n]*\Z"
    with pytest.raises(sg.errors.UnsupportedError, match=line):
        sg.draw(losses.hinge()).save(tmp_path / f"net{suffix}")


def test_a_plot_without_matplotlib_is_refused_in_one_line(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(sg.errors.UnsupportedError, match=r"matplotlib.*pip install") as told:
        sg.plot(sg.tanh, (-1, 1))
    assert "\n" not in str(told.value)

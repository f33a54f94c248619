"""Files that cannot be written, formats that there are not, packages that are missing."""

import sys

import pytest

import symgraph as sg


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

"""The distributions hold the tree, the whole tree and nothing but the tree."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINK = Path("symgraph", "codegen")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, so that nothing is built in it and nothing stale gets in."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("symgraph", "codegen"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignore)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


def package_files(checkout: Path) -> set[str]:
    """What a wheel must hold besides its metadata: codegen/ is symgraph/codegen/."""
    found = set()
    for folder, package in ((checkout / "symgraph", "symgraph"), (checkout / "codegen", LINK)):
        for path in folder.rglob("*"):
            relative = path.relative_to(checkout)
            if path.is_file() and LINK not in relative.parents:
                found.add(Path(package, path.relative_to(folder)).as_posix())
    return found


def build_wheel(checkout: Path) -> Path:
    run_pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", "wheels", ".", at=checkout)
    (wheel,) = checkout.glob("wheels/*.whl")
    return wheel


def run_pip(*arguments: str, at: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    subprocess.run([*command, "--no-index"], cwd=at, check=True, capture_output=True)


def check_wheel(wheel: Path, files: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    inside = [name for name in names if not name.startswith("symgraph-0.1.0.dist-info/")]

    assert wheel.name == "symgraph-0.1.0-py3-none-any.whl"
    assert sorted(files) == sorted(inside)
    assert {"symgraph/py.typed", "symgraph/codegen/__init__.py"} <= files


def test_the_wheel_of_a_checkout_holds_the_tree(checkout):
    check_wheel(build_wheel(checkout), package_files(checkout))


def test_the_wheel_of_a_checkout_without_the_link_holds_the_tree(checkout):
    (checkout / LINK).unlink()

    check_wheel(build_wheel(checkout), package_files(checkout))


def test_the_sdist_holds_codegen_once_and_builds_the_same_wheel(checkout):
    files = package_files(checkout)
    script = "from setuptools import build_meta; build_meta.build_sdist('.')"
    subprocess.run([sys.executable, "-c", script], cwd=checkout, check=True, capture_output=True)
    with tarfile.open(checkout / "symgraph-0.1.0.tar.gz") as archive:
        names = archive.getnames()
        # Python 3.11 has extraction filters from 3.11.4 on; later ones warn without.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(checkout / "unpacked", **safely)

    assert "symgraph-0.1.0/codegen/__init__.py" in names
    assert [name for name in names if name.startswith("symgraph-0.1.0/symgraph/codegen")] == []
    check_wheel(build_wheel(checkout / "unpacked" / "symgraph-0.1.0"), files)


def test_an_installed_wheel_works_without_the_checkout(checkout, tmp_path):
    wheel = build_wheel(checkout)
    target = tmp_path / "site"
    run_pip("install", "--no-deps", "--target", str(target), str(wheel), at=tmp_path)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import symgraph, symgraph.codegen, symgraph.cli\n"
        "print(symgraph.__file__, symgraph.codegen.__file__, sep='\\n')\n"
    )
    # -I: neither the current folder nor PYTHONPATH can supply the package.
    result = subprocess.run(
        [sys.executable, "-I", "-c", script, str(target)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    top_level = {path.name for path in target.iterdir()} - {"bin", "Scripts"}

    assert top_level == {"symgraph", "symgraph-0.1.0.dist-info"}
    assert result.stdout.splitlines() == [
        str(target / "symgraph" / "__init__.py"),
        str(target / "symgraph" / "codegen" / "__init__.py"),
    ]

"""What pytest finds when it is told no file."""

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_no_folder_with_code_is_passed_over(pytestconfig):
    # By default pytest leaves out folders called build or dist, whatever is in them.
    files = [
        path for name in pytestconfig.getini("testpaths") for path in ROOT.glob(f"{name}/**/*.py")
    ]
    folders = {part for path in files for part in path.relative_to(ROOT).parts[:-1]}
    passed_over = pytestconfig.getini("norecursedirs")

    assert {"build", "draw"} <= folders
    assert [one for one in folders if any(fnmatch(one, other) for other in passed_over)] == []

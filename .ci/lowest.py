"""Print the oldest versions that pyproject.toml allows, as constraints for pip."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in project["dependencies"]:
    if ">=" not in requirement:
        raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound")
    print(requirement.replace(">=", "==", 1))

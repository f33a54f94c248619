"""Where an example puts its pictures: in the folder behind --draw, or nowhere."""

import sys
from pathlib import Path

folder = Path(sys.argv[sys.argv.index("--draw") + 1]) if "--draw" in sys.argv[:-1] else None
if folder:
    folder.mkdir(parents=True, exist_ok=True)

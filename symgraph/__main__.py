"""``python -m symgraph`` is the command ``symgraph``."""

import sys

from symgraph.cli import main

if __name__ == "__main__":
    sys.exit(main())

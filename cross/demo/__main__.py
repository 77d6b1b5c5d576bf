"""Starts the demonstration when Python is given this folder: `python3 cross/demo`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from demo.command import main  # noqa: E402  (the line above makes the packages of cross/ importable)

sys.exit(main(sys.argv[1:]))

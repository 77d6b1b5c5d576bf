"""Starts the test run when Python is given this folder: `python3 Tests/Runner`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Runner.command import main  # noqa: E402  (the line above makes the package importable)

sys.exit(main(sys.argv[1:]))

"""Puts toolchain/ and cross/ on the module path."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
for folder in ["toolchain", "cross"]:
    sys.path.insert(0, str(_ROOT / folder))

"""`python -m plugbus`: the same as the command `plugbus`."""

from __future__ import annotations

import sys

from plugbus.cli import main


if __name__ == "__main__":
    sys.exit(main())

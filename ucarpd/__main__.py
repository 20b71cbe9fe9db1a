"""Lets `python3 -m ucarpd` do what the command `ucarpd` does."""

import sys

from ucarpd.cli import main

sys.exit(main())

"""The command `ucarpd`, for `python3 -m ucarpd`."""

import sys

from ucarpd.cli import main

sys.exit(main())

"""`ucarpctl step-down`."""

import argparse

from ucarpd.ctl.failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="an instance; none: all")


def run(options: argparse.Namespace) -> int:
    raise Failure(f"not built yet ({options.name})")

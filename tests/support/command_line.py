"""The command line as the program itself knows it."""

import argparse

from ucarpd import cli


def commands():
    """The commands of `ucarpd`, each with its options."""
    parser = cli._parser()
    [action] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return {name: command._option_string_actions.keys() for name, command in action.choices.items()}

"""The command line as the program itself knows it."""

import argparse

from ucarpd import cli
from ucarpd.ctl import entry


def commands():
    """The commands of `ucarpd`, each with its options."""
    parser = cli._parser()
    [action] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return {name: command._option_string_actions.keys() for name, command in action.choices.items()}


def verbs():
    """The verbs of `ucarpctl`, each with its options."""
    found = {}
    for name in entry.VERBS:
        parser = argparse.ArgumentParser()
        entry.load(name).add_arguments(parser)
        found[name] = parser._option_string_actions.keys()
    return found

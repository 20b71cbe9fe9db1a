"""The command line as the program itself knows it."""

import argparse

from ucarpd.commands.arguments import parser
from ucarpd.ctl import entry


def commands():
    """The commands of `ucarpd`, each with its options."""
    whole = parser()
    [action] = [a for a in whole._actions if isinstance(a, argparse._SubParsersAction)]
    return {name: command._option_string_actions.keys() for name, command in action.choices.items()}


def verbs():
    """The verbs of `ucarpctl`, each with its options."""
    found = {}
    for name in entry.VERBS:
        verb = argparse.ArgumentParser()
        entry.load(name).add_arguments(verb)
        found[name] = verb._option_string_actions.keys()
    return found

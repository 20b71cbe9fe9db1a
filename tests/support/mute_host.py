"""A host of the laboratory that starts nothing: the test writes what a program would."""

import subprocess

from lab import Process


class MuteHost:
    def __init__(self, directory):
        self.output = directory / "log"
        self.output.touch()

    def start(self, *_arguments):
        popen = subprocess.Popen(["true"])
        popen.wait()
        return Process(popen, self.output)


def write(client, text):
    """What the program of this client has written."""
    with client.process.output.open("a") as file:
        file.write(text)

"""A host of the laboratory without programs: the test writes their output."""

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
    """The output of this client's program."""
    with client.process.output.open("a") as file:
        file.write(text)

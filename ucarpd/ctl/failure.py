"""The end of a command that failed."""

EXIT_FAILED = 1
"""The result did not come: no host took over, the state was not reached."""

EXIT_UNKNOWN = 3
"""No process could be asked, or the command line is wrong; monitoring plug-ins call it UNKNOWN."""

DENIED = (
    "permission denied: run it as root; to read, it is enough to be in the group ucarpd"
    " (usermod -aG ucarpd USER)"
)


class Failure(Exception):
    """A failure of a verb: words for the person at the terminal, and the exit status.

    `entry` prints the message to standard error, after the name of the command.
    """

    def __init__(self, message: str, status: int = EXIT_UNKNOWN) -> None:
        super().__init__(message)
        self.status = status

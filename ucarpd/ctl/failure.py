"""The end of a command that could not do what was asked."""

EXIT_FAILED = 1
"""What was asked did not happen: nobody took over, the state was not reached."""

EXIT_UNKNOWN = 3
"""Nobody could be asked, or the command line is wrong; monitoring plug-ins call it UNKNOWN."""


class Failure(Exception):
    """What went wrong, in words for the person at the terminal, with the exit status.

    `entry` prints the message to standard error, after the name of the command.
    """

    def __init__(self, message: str, status: int = EXIT_UNKNOWN) -> None:
        super().__init__(message)
        self.status = status

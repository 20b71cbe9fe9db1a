"""ucarpd: a userland CARP daemon for Linux."""

__version__ = "0.1.0"

"""ucarpd: a userland CARP daemon for Linux."""

__version__ = "0.2.0"

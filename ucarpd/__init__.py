"""ucarpd: a userland CARP daemon for Linux.  docs/architecture.md describes its rooms."""

__version__ = "0.2.0+dev"

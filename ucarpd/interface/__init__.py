"""Interface: checks whether it is usable, source addresses, and frames in and out."""

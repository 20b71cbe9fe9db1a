"""For those who come from ucarp: its command."""

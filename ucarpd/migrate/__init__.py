"""For those who come from ucarp: its command, and `ucarpd import`."""

"""The command `ucarpctl`: asks the running processes, and steers them.

Each verb is one module with `add_arguments(parser)` and `run(options)`; `entry` has their table and
loads the one that was typed.  Nothing here loads pyroute2, asyncio or the daemon: the command starts
within 150 ms.
"""

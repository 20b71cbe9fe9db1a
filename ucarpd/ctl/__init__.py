"""The command `ucarpctl`: queries and controls the running processes.

Each verb is one module with `add_arguments(parser)` and `run(options)`; `entry` has their table and
loads the module of the typed verb.  Nothing here loads pyroute2, asyncio or the daemon: the command
starts within 150 ms.
"""

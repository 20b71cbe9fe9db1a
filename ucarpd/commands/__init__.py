"""The commands of `ucarpd` that take more than a few lines, one module each.

The module is loaded when its command is given, and not before.  `arguments` has the options of all.
"""

"""Adapters to Linux, one foreign thing each.  They make no decisions."""

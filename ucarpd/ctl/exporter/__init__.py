"""The metrics of this host for Prometheus: made from the status, written as text, served by HTTP."""

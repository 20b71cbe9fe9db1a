"""Measures ucarpd, ucarp and keepalived side by side; `scripts/bench` runs it."""

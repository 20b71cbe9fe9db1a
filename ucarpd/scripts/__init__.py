"""Scripts: run, waited for, and ended."""

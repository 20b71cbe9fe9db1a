"""Scripts: running them, waiting for them, and ending them."""

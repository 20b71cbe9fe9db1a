"""Process: its instances, and the life around them."""

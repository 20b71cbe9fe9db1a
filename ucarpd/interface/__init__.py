"""Interface: is it usable, and why not; frames in and out."""

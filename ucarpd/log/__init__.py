"""Log: what lines say, how often, and where they go."""

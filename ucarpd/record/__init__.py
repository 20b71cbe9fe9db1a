"""Record: what outlives the process in the private directory, and the clearing that goes by it."""

"""Record: files in the private directory that outlive the process, and clearing up by them."""

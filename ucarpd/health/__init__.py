"""Why this host should serve, or not: its `demotion`, and the `lateness` of its timers."""

"""Why this host should serve, or not: `demotion` has the reasons, `lateness` what delays its timers."""

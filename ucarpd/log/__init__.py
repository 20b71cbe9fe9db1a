"""Log: the wording, the rate and the destination of log lines."""

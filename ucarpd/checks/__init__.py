"""Running health checks beside the protocol; `ucarpd.health` judges their results.

`runner` runs the checks of one virtual host, each when it is due, one run of each at a time.
`probes` has one row for each kind of check: programs and units (`programs`), servers (`servers`), links
and neighbours (`neighbours`).  `beside` is for calls that may block.
"""

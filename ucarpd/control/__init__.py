"""The Varlink service on a unix socket, by which operators query and control the process."""

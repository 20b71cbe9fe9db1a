"""What operators ask and order: the Varlink service on a unix socket."""

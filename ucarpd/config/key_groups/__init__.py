"""The rows of the table of keys, by subject; `config.keys` puts them together."""

"""Mistakes on other hosts, with evidence and a remedy.

`digest` tries the mistakes that operators make, `passwords` lists the mistakes with a password, and
`search` runs them beside the event loop.
"""

"""What is wrong on the other hosts, with evidence and a remedy: `digest` tries the mistakes that
operators make, `passwords` those about the password, and `search` does it beside the event loop.
"""

"""The demo: two hosts share an address, a client asks it all the time, and things go wrong.

scenario     the steps, as data
stage        the hosts, the programs on them, and each deed
witness      sightings: of the client, and in the logs of the daemons
play         plays the steps one after the other, and judges them
narrator     tells it in words
screen       the terminal
picture      tells it as an SVG
web_server   the program that answers the client
"""

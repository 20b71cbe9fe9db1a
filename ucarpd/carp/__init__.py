"""The CARP protocol, and nothing else: bytes, numbers and dataclasses in, dataclasses out.

No module below this one opens a socket, reads a clock, draws a random number, runs a script or
writes a log.  The time is an argument (`now`, monotonic seconds as float), and so is everything
else that comes from outside, so that every rule of the protocol is one row in a test.

The way of an advertisement that comes in:

    receive.Receiver.check(frame)  ->  events.AdvertisementReceived  (or Dropped, with the reason)
    machine.VirtualHost.handle(event, now)  ->  [actions]   after asking  election
    transmit.Transmitter.advertisement(action)  ->  frame
"""

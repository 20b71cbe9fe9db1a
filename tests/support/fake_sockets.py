"""The sockets of an interface and the watch for another daemon, which record their input."""


class FakeSockets:
    can_send = are_bound = True

    def __init__(self, deliver):
        self.deliver = deliver
        self.faults = {}
        self.story = []
        self.served = []

    def pass_over(self, source, vhid, at):
        self.story.append(f"pass over {vhid} of {source}")

    def role_changed(self):
        self.story.append("role changed")

    def read_until(self, at):
        return True

    def serve(self, virtual_hosts):
        self.served = [each.vhid for each in virtual_hosts]

    def open(self, link, params):
        self.story.append(f"open on {link.index}")

    def forget_lost_groups(self):
        pass

    def fault(self, params, family):
        return self.faults.get(family)

    def close(self):
        self.story.append("close")

    def send(self, frame):
        self.story.append(frame)

    def send_datagram(self, datagram):
        self.story.append(datagram)


class FakeNeighbours:
    def __init__(self, interface, links, members):
        self.interface = interface
        self.members = members
        self.opened = []
        self.changes = 0
        self.asked = []

    def open(self, families):
        self.opened.append((self.interface, *families))

    def change(self):
        self.changes += 1

    def expect(self, addresses, answered):
        self.asked.append((addresses, answered))

    def close(self):
        self.opened.clear()


class FakeWatch:
    """A watch; while a test sets `is_looking`, frames are sent by it."""

    def __init__(self, interface, vhids, duration, found):
        self.duration = duration
        self.found = found
        self.is_running = self.is_looking = False
        self.sent = []

    def start(self):
        self.is_running = True

    def stop(self):
        self.is_running = False

    @property
    def tap(self):
        return self if self.is_looking else None

    def send(self, frame):
        self.sent.append(frame)

"""A process that answers on a control socket: real bytes, made-up instances.

Tests of `ucarpctl` run it in a thread, and change its replies.
"""

import socket
import threading
from contextlib import ExitStack
from copy import deepcopy

from ucarpd.control import wire
from ucarpd.control.wire import VarlinkError

T = "2026-11-25T{}.000Z"
"""A moment of the day on which the made-up instances live, in UTC."""

NOW = 1795651200.0
"""2026-11-26 00:00:00 UTC."""

PROCESS = {
    "pid": 2327,
    "version": "0.3.0",
    "started": T.format("20:00:00"),
    "worst_lateness": 0.0023,
    "recent_lateness": 0.0004,
}

BACKUP = {
    "name": "mail",
    "path": "/etc/ucarp/mail.conf",
    "state": "BACKUP",
    "since": T.format("23:48:00"),
    "reason": "ready with source 192.0.2.11",
    "interface": "eth0",
    "vhid": 2,
    "addresses": [{"address": "192.0.2.20", "present": False, "served": False}],
    "advbase": 1,
    "advskew": 100,
    "interval": 1.390625,
    "effective_interval": 1.390625,
    "master_down_interval": 3.390625,
    "preempt": False,
    "unfitness": 0,
    "demotion": [],
    "maintenance": [],
    "peers": [
        {
            "address": "192.0.2.12",
            "interval": 1.0,
            "demotion": 0,
            "last_seen": T.format("23:59:59"),
            "worst_gap": 1.21,
            "is_master": True,
        }
    ],
    "worst_gap": 0.357,
    "recent_gap": 0.3,
    "next_deadline": "2026-11-26T00:00:02.390Z",
    "script": None,
    "last_transition": {
        "at": T.format("23:48:00"),
        "from": "INIT",
        "to": "BACKUP",
        "reason": "ready with source 192.0.2.11",
        "peer": None,
        "lasted": 0.4,
    },
    "findings": [],
    "counters": {"sent": 0, "accepted": 720, "dropped": {}, "transitions": {}, "scripts": {}},
}

MASTER = BACKUP | {
    "name": "web",
    "path": "/etc/ucarp/web.conf",
    "state": "MASTER",
    "since": T.format("20:48:00"),
    "reason": "no advertisement from 192.0.2.12 for 3.00 s",
    "vhid": 1,
    "addresses": [
        {"address": "192.0.2.10", "present": True, "served": True},
        {"address": "2001:db8::10", "present": True, "served": True},
    ],
    "advskew": 0,
    "interval": 1.0,
    "effective_interval": 1.0,
    "master_down_interval": 3.0,
    "preempt": True,
    "peers": [],
    "worst_gap": None,
    "recent_gap": None,
    "next_deadline": "2026-11-26T00:00:00.610Z",
    "script": {
        "name": "up",
        "started": T.format("20:48:00"),
        "running": False,
        "duration": 0.12,
        "result": "ok",
    },
    "last_transition": {
        "at": T.format("20:48:00"),
        "from": "BACKUP",
        "to": "MASTER",
        "reason": "no advertisement from 192.0.2.12 for 3.00 s",
        "peer": "192.0.2.12",
        "lasted": 2880.0,
    },
}

IN_TROUBLE = MASTER | {
    "name": "dns",
    "path": "/etc/ucarp/dns.conf",
    "vhid": 3,
    "interface": "eth1",
    "addresses": [
        {"address": "192.0.2.30", "present": False, "served": False},
        {"address": "2001:db8::30", "present": True, "served": True},
    ],
    "script": None,
    "effective_interval": 1.0,
    "unfitness": 254,
    "demotion": [
        {"reason": "eth0 cannot be used", "amount": 240, "level": "failing"},
        {"reason": "maintenance", "amount": 1, "level": "maintenance"},
    ],
    "maintenance": [
        {
            "level": "maintenance",
            "scope": "host",
            "since": T.format("23:30:00"),
            "until": "2026-11-26T01:30:00.000Z",
            "by": "ada",
            "reason": "new kernel",
        }
    ],
    "findings": [
        {
            "finding": "second-master",
            "since": T.format("23:40:00"),
            "text": "192.0.2.12 is MASTER too, and the two do not settle: its advertisements have"
            " a wrong digest",
        }
    ],
    "counters": {
        "sent": 11520,
        "accepted": 3,
        "dropped": {"bad digest": 1200, "wrong hop limit": 2, "no such vhid": 0},
        "transitions": {},
        "scripts": {},
    },
}


class FakeProcess:
    """Answers with `instances` and `refused`; `change` tells the clients that stream.

    With `hangs` it accepts connections and answers nothing.  `steers` is what StepDown does: it
    returns the names offered, or raises VarlinkError.
    """

    def __init__(self, path, instances=(), *, refused=(), hangs=False, steers=None):
        self.path = path
        self.instances = deepcopy(list(instances))
        self.refused = list(refused)
        self.hangs = hangs
        self.steers = steers
        self.calls = []
        self.asked = threading.Condition()
        self._changed = threading.Condition()
        self._changes = 0
        self._connections = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        """End; a second time does nothing."""
        if not self._accepting.is_alive():
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        with self._changed:
            self._changes += 1
            self.path.unlink()
            for connection, _ in self._connections:
                connection.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()
        for connection, thread in self._connections:
            thread.join()
            connection.close()

    def change(self, name, **fields):
        """Let an instance have other values."""
        with self._changed:
            for instance in self.instances:
                if instance["name"] == name:
                    instance.update(fields)
            self._changes += 1
            self._changed.notify_all()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self._changed:
                self._connections.append((connection, thread))
            thread.start()

    def _serve(self, connection):
        splitter = wire.Splitter(1 << 20)
        with ExitStack() as ended:
            ended.callback(connection.shutdown, socket.SHUT_RDWR)
            try:
                while chunk := connection.recv(65536):
                    splitter.feed(chunk)
                    while not self.hangs and (call := splitter.next()):
                        self._answer(connection, call)
            except OSError:
                ended.pop_all()  # The client has gone.

    def _answer(self, connection, call):
        with self.asked:
            self.calls.append(call)
            self.asked.notify_all()
        name = call.get("parameters", {}).get("name")
        try:
            if call["method"] == "org.ucarpd.StepDown":
                connection.sendall(wire.reply({"revision": 1, "offered": self.steers(name)}))
            else:
                self._status(connection, name, more=call.get("more", False))
        except VarlinkError as error:
            connection.sendall(wire.error_reply(error))

    def _status(self, connection, name, *, more):
        with self._changed:
            while True:
                seen = self._changes
                connection.sendall(
                    wire.encode({"parameters": self._reply(name), "continues": more})
                )
                if not more:
                    return
                self._changed.wait_for(lambda: self._changes > seen)  # noqa: B023 - called at once

    def _reply(self, name):
        instances = [each for each in self.instances if name in {None, each["name"]}]
        if not instances and name is not None:
            raise VarlinkError("org.ucarpd.NoSuchInstance", name=name)
        return {"revision": 1, "process": PROCESS, "instances": instances, "refused": self.refused}

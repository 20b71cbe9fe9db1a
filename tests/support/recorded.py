"""The content of an instance's record, made from a configuration file, and a record with it."""

import os
from ipaddress import ip_address

from ucarpd import config
from ucarpd.record.content import content_of
from ucarpd.record.record import Record

MAC = bytes.fromhex("020000000001")
SOURCE = ip_address("10.0.0.11")


def configuration(tmp_path, name="web", **keys):
    settings = {"INTERFACE": "eth0", "VHID": 7, "PASS": "secret", "ADDR": "10.0.0.1/24"} | keys
    path = tmp_path / f"{name}.conf"
    path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in settings.items()))
    path.chmod(0o600)
    return config.load(path)


def content(tmp_path, name="web", down=None, counter=5, **keys):
    return content_of(configuration(tmp_path, name, **keys), [SOURCE], MAC, counter, down)


def leave_of_another_process(monkeypatch, tmp_path, directory, **keys):
    """What a process that runs has written: our parent."""
    with monkeypatch.context() as parent:
        parent.setattr(os, "getpid", os.getppid)
        return leave(tmp_path, directory, **keys)


def leave(tmp_path, directory, *, placed=True, **keys):
    """What an earlier run has left behind."""
    left = content(tmp_path, **keys)
    record = Record("web", directory)
    record.write(left)
    record.placed = placed
    record.close()
    return left

"""What the processes of this host serve, each of them beside the others."""

from ipaddress import ip_address

from beside import serving

from ucarpd.linux.served import Served

V4 = ip_address("10.0.0.1").packed
V6 = ip_address("2001:db8::1").packed


def test_another_process_is_named_until_it_is_killed(tmp_path):
    served = Served(tmp_path)
    assert served.by_another("eth0", V4) is None
    with serving(tmp_path, "eth0", V4) as other:
        assert served.by_another("eth0", V4) == other.pid
        assert served.by_another("eth1", V4) is None
        assert served.by_another("eth0", ip_address("10.0.0.2").packed) is None
    assert served.by_another("eth0", V4) is None
    served.close()


def test_several_serve_one_address_and_each_leaves_by_itself(tmp_path):
    served = Served(tmp_path)
    for what in (V4, V6):
        served.add("eth0", what)
        assert served.by_another("eth0", what) is None, "it is ours alone"
    with serving(tmp_path, "eth0", V6) as other:
        # It could serve, as nobody waits for anybody.
        assert served.drop("eth0", V6) == other.pid
        assert served.drop("eth0", V4) is None
    served.close()


def test_whoever_has_left_is_no_longer_seen(tmp_path):
    served = Served(tmp_path)
    served.add("eth0", V4)
    with serving(tmp_path, "eth0", V4):
        pass
    assert served.drop("eth0", V4) is None
    served.close()


def test_another_process_may_remove_what_it_has_served(tmp_path):
    served = Served(tmp_path)
    with serving(tmp_path, "eth0", V4):
        assert not served.may_leave("eth0", V4), "it has not served anything yet"
        served.add("eth0", V6)
        served.drop("eth0", V6)
        assert served.may_leave("eth0", V4)
        assert not served.may_leave("eth0", V6)
        assert not served.may_leave("eth1", V4)
        (tmp_path / "private/served").unlink()
    served.renew()
    assert not served.may_leave("eth0", V6), "it is itself"
    with serving(tmp_path, "eth0", V4):
        assert served.may_leave("eth0", V4)
    served.close()


def test_a_file_that_was_removed_is_made_again(tmp_path):
    with serving(tmp_path, "eth0", V4) as other:
        (tmp_path / "private/served").unlink()
        other.stdin.write(b"\n")
        other.stdin.flush()
        other.stdout.readline()
        served = Served(tmp_path)
        served.renew()
        assert served.by_another("eth0", V4) == other.pid
        served.renew()
        served.close()


def test_without_a_file_nobody_serves_anything(tmp_path):
    (tmp_path / "private").write_text("in the way")
    for served in (Served(), Served(tmp_path)):
        served.add("eth0", V4)
        assert served.drop("eth0", V4) is None
        served.close()

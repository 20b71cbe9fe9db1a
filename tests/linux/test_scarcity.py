"""What is said when descriptors or memory are lacking."""

from ucarpd.linux.scarcity import guarded


def test_a_command_without_memory_for_its_modules_ends_with_a_line(capsys):
    def load():
        raise MemoryError

    assert guarded("ucarpd", load) == 1
    assert capsys.readouterr().err == "ucarpd: cannot run: Cannot allocate memory\n"

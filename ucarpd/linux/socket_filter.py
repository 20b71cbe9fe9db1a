"""A filter in the kernel for what a socket receives, in classic BPF; see bpf(4) and linux/filter.h."""

import ctypes
import socket
import struct

Program = tuple[tuple[int, int, int, int], ...]
"""Instructions: code, jump if true, jump if false, operand."""

_SO_ATTACH_FILTER = 26


def attach_filter(filtered: socket.socket, program: Program) -> None:
    """Raises OSError."""
    instructions = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    memory = ctypes.create_string_buffer(instructions)
    sock_fprog = struct.pack("@HP", len(program), ctypes.addressof(memory))
    filtered.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, sock_fprog)

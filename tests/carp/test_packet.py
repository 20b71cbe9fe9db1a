"""The CARP header, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.carp.packet import AUTHLEN, HEADER_SIZE, Advertisement, checksum, decode, encode

SAMPLE = Advertisement(
    vhid=0x0A,
    advbase=0x01,
    advskew=0x64,
    counter=0x1122334455667788,
    digest=bytes(range(0xE0, 0xF4)),
    demote=0x05,
)


@pytest.mark.parametrize(
    ("field", "at", "expected"),
    [
        ("version and type", slice(0, 1), "21"),
        ("vhid", slice(1, 2), "0a"),
        ("advskew comes before authlen", slice(2, 3), "64"),
        ("authlen", slice(3, 4), "07"),
        ("demotion", slice(4, 5), "05"),
        ("advbase comes after it", slice(5, 6), "01"),
        ("counter, big endian", slice(8, 16), "1122334455667788"),
        ("digest", slice(16, 36), bytes(range(0xE0, 0xF4)).hex()),
    ],
)
def test_layout(field, at, expected):
    assert encode(SAMPLE)[at].hex() == expected, field


def test_size_and_checksum():
    wire = encode(SAMPLE)
    assert len(wire) == HEADER_SIZE == 36
    assert checksum(wire) == 0
    assert wire[6:8] == checksum(wire[:6] + b"\0\0" + wire[8:]).to_bytes(2, "big")


def test_netbsd_adds_the_pseudo_header_of_ipv6_to_the_sum():
    pseudo = bytes(range(40))
    plain, netbsds = encode(SAMPLE), encode(SAMPLE, pseudo)
    assert checksum(pseudo + netbsds) == 0
    assert checksum(netbsds) != 0
    assert netbsds[:6] + netbsds[8:] == plain[:6] + plain[8:]


octets = st.integers(0, 255)


@given(
    st.builds(
        Advertisement,
        vhid=octets,
        advbase=octets,
        advskew=octets,
        counter=st.integers(0, 2**64 - 1),
        digest=st.binary(min_size=20, max_size=20),
        demote=octets,
        version=st.integers(0, 15),
        type=st.integers(0, 15),
    ),
    st.binary(max_size=10),
)
def test_what_was_encoded_is_decoded(advertisement, trailing):
    assert decode(encode(advertisement) + trailing) == advertisement


def test_authlen_is_not_looked_at():
    wire = bytearray(encode(SAMPLE))
    assert wire[3] == AUTHLEN
    wire[3] = 0
    assert decode(bytes(wire)) == SAMPLE


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", 0xFFFF),
        ("0000", 0xFFFF),
        ("ffff", 0x0000),
        ("0001f203f4f5f6f7", 0x220D),  # the example of RFC 1071
        ("ffff0001", 0xFFFE),  # the carry comes round
        ("ffffffff0001", 0xFFFE),
        ("ab", 0x54FF),  # an odd byte counts as the high half of a word
        ("0001ab", 0x54FE),
    ],
)
def test_checksum(data, expected):
    assert checksum(bytes.fromhex(data)) == expected
    assert checksum(bytearray.fromhex(data)) == expected


@given(st.binary(max_size=80).map(lambda data: data[: len(data) // 2 * 2]))
def test_data_with_its_checksum_sums_up_to_zero(data):
    assert checksum(data + checksum(data).to_bytes(2, "big")) == 0

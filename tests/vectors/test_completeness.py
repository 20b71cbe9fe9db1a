"""No vector is left out."""

from vector_rows import (
    CAPTURED_ADVERTISEMENTS,
    CAPTURED_ARP,
    CUSTOM_LLADDR,
    DATA,
    GENERATED,
    GENERATED_FRAMES,
    LINK_LOCAL_LEFT_OUT,
)


def test_nothing_is_left_out_by_accident():
    assert len(GENERATED) == 69
    assert [family for _, family in GENERATED_FRAMES].count(4) == 57
    assert [family for _, family in GENERATED_FRAMES].count(6) == 16
    assert {vector["name"] for vector, _ in GENERATED_FRAMES} == {v["name"] for v in GENERATED}
    assert [vector["name"] for vector in CUSTOM_LLADDR] == ["openbsd/custom_lladdr_is_hashed"]
    assert len(LINK_LOCAL_LEFT_OUT) == 4
    assert {v["demote"] for v in GENERATED if v["impl"] == "openbsd"} == {0, 7, 255}
    assert len(CAPTURED_ADVERTISEMENTS) + len(CAPTURED_ARP) == len(DATA["captured"])

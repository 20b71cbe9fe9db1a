"""How long does the search for a mistake take, and does it keep the secret?"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_digests import KEY, MAIL, MIXED, ONE, SEVEN, TWO, addresses, background, evidence

from ucarpd.diagnosis.digest import BATCH, Suspect, explain, hypotheses
from ucarpd.diagnosis.passwords import KeyMistake

CROWD = tuple(
    Suspect(name=f"i{n}", vhid=n, key=b"Key%d" % n, hashed=addresses(f"10.3.0.{n} fe80::{n}"))
    for n in range(1, 255)
)
HOSTS = [
    {},
    {"here": "fd00::10"},
    {"here": TWO, "others": (MAIL,)},
    {"here": f"{SEVEN} {MIXED}", "lladdr": bytes(6), "extra": "10.7.0.1", "others": CROWD},
    {
        "here": " ".join(f"10.{n}.{n}.{n} fd00::{n} fe80::{n}" for n in range(1, 41)),
        "key": bytes(range(0xC0, 0xD4)),
        "old_keys": tuple(b"Old%d" % n for n in range(50)),
        "former": tuple(b"Past%d" % n for n in range(50)),
        "others": CROWD,
    },
]


@pytest.mark.parametrize("here", HOSTS)
def test_a_search_is_bounded_and_tries_nothing_twice(here):
    tried = list(filter(None, hypotheses(evidence(b"x", ONE), background(**here))))
    digests = {(h.key.rstrip(b"\0"), frozenset(h.addresses), h.lladdr) for h in tried}
    assert len(digests) == len(tried) <= 3500


def test_a_search_pauses_between_batches():
    known, what = background(), evidence(b"x", ONE)
    pauses = list(explain(what, known))
    assert len(pauses) >= len(list(hypotheses(what, known))) / BATCH
    assert set(pauses) == {None}


def test_a_search_is_lazy():
    assert next(explain(evidence(KEY + b"\n", ONE), background())).startswith("it is signed with")


@settings(max_examples=25)
@given(st.text("QXZJqxzj0123456789", min_size=4, max_size=19), st.sampled_from([ONE, TWO, MIXED]))
def test_no_finding_tells_a_secret(secret, here):
    key = f"~{secret}".encode()[:19]
    known = background(
        here=here,
        key=key,
        old_keys=(key[::-1],),
        former=(b"!" + key[:18],),
        others=(Suspect(name="mail", vhid=20, key=b"." + key[:18], hashed=MAIL.hashed),),
    )
    what = evidence(b"x", ONE)
    secrets = (key.decode(), key.decode()[::-1], key.hex())
    parts = {text[i : i + 4].lower() for text in secrets for i in range(len(text) - 3)}
    for hypothesis in filter(None, hypotheses(what, known)):
        # The number of an invisible character is none of the password's.
        told = re.sub(r"U\+[0-9A-F]{4}", "", hypothesis.finding).lower()
        assert not [part for part in parts if part in told]
        assert "\n" not in hypothesis.finding


def test_a_finding_is_the_same_whatever_the_passwords_are():
    """The words depend on the kind of mistake and its position only.

    These letters have no look-alikes, so the kinds are the same.
    """

    def findings(letters):
        a, b, c, d = (f"{letters}{n}".encode() for n in "6789")
        mail = Suspect(name="mail", vhid=20, key=d, hashed=MAIL.hashed)
        known = background(here=MIXED, key=a, old_keys=(b,), former=(c,), others=(mail,))
        return [each and each.finding for each in hypotheses(evidence(b"x", ONE), known)]

    assert findings("Ftgft") == findings("Gftgf")


def test_what_is_known_may_be_logged():
    known = background(key=KEY, old_keys=(b"Older",), former=(b"Former",), others=(MAIL,))
    tried = filter(None, hypotheses(evidence(b"x", ONE), known))
    shown = [repr(each) for each in (known, MAIL, KeyMistake(KEY), *tried)]
    for secret in ("Secret7", "Older", "Former", "Mailkey"):
        assert not any(secret in each for each in shown)

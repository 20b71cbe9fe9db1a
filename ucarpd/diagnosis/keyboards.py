"""The results of typing a password with another keyboard layout than its writer had."""

_US = "`-=[]\\;',./~_+{}|:\"<>?@#$^&*()"

_LAYOUTS = {
    # the keys of an American keyboard, the same keys there
    "German": (f"{_US}yzYZ", "^ß´ü+#öä,.-°?`Ü*'ÖÄ;:_\"§$&/()=zyZY"),  # noqa: RUF001
    "French": (
        f"{_US}aqwzmAQWZM1234567890",
        "²)=^$*mù;:!~°+¨£µM%./§23467890qazw,QAZW?&é\"'(-è_çà",
    ),
    "Russian": (
        "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~/?&^$#@",
        'йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ.,?:;№"',
    ),
}


def _layouts() -> list[tuple[dict[str, str], str]]:
    y_and_z = dict(zip("yzYZ", "zyZY", strict=True))
    found = [(y_and_z, "with y and z exchanged, as on a German keyboard")]
    for name, (american, other) in _LAYOUTS.items():
        pairs = list(zip(american, other, strict=True))
        there = dict(pairs)
        here = {two: one for one, two in pairs}
        found.append((there, f"on a {name} keyboard for an American one"))
        found.append((here, f"on an American keyboard for a {name} one"))
    return found


LAYOUTS = _layouts()
"""Each table of characters in place of others, and how it comes about."""

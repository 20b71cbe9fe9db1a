"""The configuration files on the pages of docs/recipes."""

import re

import pytest
from config_files import warnings
from lab import PROJECT

from ucarpd.config import load

PAGES = sorted((PROJECT / "docs/recipes").glob("*.md"))

FILE = re.compile(r"(?m)^`/etc/ucarp/(\w+)\.conf`[^\n]*:\n\n((?: {4}.*\n)+)")
"""A paragraph that names the file, then its lines."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_check_accepts_the_files(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    found = FILE.findall(text)
    assert found
    shown = "".join(lines for _, lines in found)
    assert re.findall(r"(?m)^ +UCARP_.*", text) == re.findall(r"(?m)^ +UCARP_.*", shown)
    for number, (name, lines) in enumerate(found):
        file = tmp_path / f"{number}" / f"{name}.conf"
        file.parent.mkdir()
        # `check` warns of a password that a page has made public.
        chosen = lines.replace("'choose a password'", "'a chosen one'")
        file.write_text(re.sub(r"(?m)^ {4}", "", chosen))
        file.chmod(0o600)
        load(file, {})
        texts = [str(each) for each in warnings(file)]
        assert [text for text in texts if "(demote=never)" not in text] == []


def test_the_readme_names_each_page():
    readme = (PROJECT / "README.md").read_text()
    for page in PAGES:
        assert f"(docs/recipes/{page.name})" in readme

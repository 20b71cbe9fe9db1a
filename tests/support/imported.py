"""Files that `ucarpd import` reads, and what it finds in them."""

from ucarpd.migrate import importer


def read(directory, text, name="start.sh"):
    """The findings in a file with this text.  Files that start it are looked for in `root`."""
    path = directory / name
    path.write_text(text)
    return importer.of_file(path, directory / "root")


def values(findings, number=0):
    """The values of one virtual host, by key."""
    return {key: value.text for key, value in findings.hosts[number].values.items()}

"""The table of all instances on a wide terminal, if the package rich is installed.

The only importer of rich, which takes longer to load than all the rest.
"""

from collections.abc import Sequence
from importlib.util import find_spec

from ucarpd.ctl.screen import BAD, BOLD, DIM, GOOD, WARN, Cell, Screen

_STYLES = {BAD: "bold red", WARN: "yellow", GOOD: "green", DIM: "dim", BOLD: "bold"}


def is_installed() -> bool:
    return find_spec("rich") is not None


def text(header: Sequence[str], rows: Sequence[Sequence[Cell]], screen: Screen) -> str:
    """Return the table; the last column takes the rest of the width, in several lines if need be."""
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for name in header[:-1]:
        table.add_column(name, no_wrap=True)
    table.add_column(header[-1], overflow="fold")
    for row in rows:
        cells = (Text(cell.printable, _STYLES.get(cell.style, "")) for cell in row)
        table.add_row(*cells)
    file = io.StringIO()
    # All that rich would otherwise ask the environment for.
    console = Console(
        file=file,
        width=screen.width,
        height=1,
        force_terminal=screen.has_colour,
        color_system="standard" if screen.has_colour else None,
        no_color=False,
        highlight=False,
    )
    console.print(table)
    lines = (line.rstrip() for line in file.getvalue().splitlines())
    return "\n".join(line for line in lines if line)

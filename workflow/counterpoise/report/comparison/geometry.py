"""Positions and sizes on the page of samples side by side, in pixels at ``PAGE_DPI``."""

from __future__ import annotations

MAPS_PER_ROW, MOST_MAPS = 4, 8
LEFT, RIGHT, GAP = 72, 1516, 28  # ends of the maps, and the space between two
TITLE, LINE = 62, 17  # heights
ABOVE_MAP, BELOW_MAP = 54, 52
ABOVE_DECAY, DECAY_HEIGHT, BELOW_DECAY = 62, 300, 64
DECAY_WIDTH = 640
TABLE_LEFT, TABLE_WIDTH, TABLE_HEAD = 950, 606, 21
LOWEST_ROW, HIGHEST_ROW = 30, 66  # heights of a row of the table


def map_side(maps: int) -> int:
    """Return the side of a map on the page.

    Parameters
    ----------
    maps : int
        Number of maps.

    Returns
    -------
    int
        Pixels; even, since a cell is two pixels wide.
    """
    columns = min(maps, MAPS_PER_ROW)
    return (RIGHT - LEFT - GAP * (columns - 1)) // columns // 2 * 2


def maps_height(maps: int, side: int) -> int:
    """Return the height of all rows of maps, with their headings.

    Parameters
    ----------
    maps : int
        Number of maps.
    side : int
        Side of a map.

    Returns
    -------
    int
        Pixels.
    """
    rows = -(-maps // MAPS_PER_ROW)
    return rows * (ABOVE_MAP + side + BELOW_MAP)


def table_height(rows: int) -> int:
    """Return the height of a table.

    Parameters
    ----------
    rows : int
        Number of rows.

    Returns
    -------
    int
        Pixels, without the table's head.
    """
    return rows * min(max((DECAY_HEIGHT - TABLE_HEAD) // rows, LOWEST_ROW), HIGHEST_ROW)

"""Positions and sizes on the page of samples side by side, in pixels at ``PAGE_DPI``."""

from __future__ import annotations

from dataclasses import dataclass

LEFT, RIGHT = 72, 1516  # ends of the maps
GAP = 46  # between two maps
TITLE, LINE = 62, 17  # heights
ABOVE_MAP, BELOW_MAP = 46, 44
ABOVE_DECAY, DECAY_HEIGHT, BELOW_DECAY = 50, 280, 14
RATIO_HEIGHT, BELOW_RATIO = 120, 56
DECAY_WIDTH = 640
STRIPS_LEFT, STRIPS_RIGHT, STRIP_GAP = 892, 1556, 20
LOWEST_ROW, HIGHEST_ROW = 15, 64  # heights of a row of the strips
MOST_SETS = 24  # conditions with a map
MOST_APART = 12  # samples that stand out and have a map


@dataclass(frozen=True)
class Grid:
    """Rows of maps.

    Attributes
    ----------
    panels : int
        Number of maps.
    columns : int
        Maps in a row.
    """

    panels: int
    columns: int

    @property
    def side(self) -> int:
        """Side of a map; even, since a cell is two pixels wide."""
        return (RIGHT - LEFT - GAP * (self.columns - 1)) // self.columns // 2 * 2

    @property
    def rows(self) -> int:
        """Number of rows."""
        return -(-self.panels // self.columns)

    @property
    def height(self) -> int:
        """Height of all rows with their headings and labels."""
        return self.rows * (ABOVE_MAP + self.side + BELOW_MAP)

    def corner(self, index: int) -> tuple[int, int]:
        """Return left and top of a map, from the corner of the grid."""
        row, column = divmod(index, self.columns)
        left = LEFT + column * (self.side + GAP)
        return left, row * (ABOVE_MAP + self.side + BELOW_MAP) + ABOVE_MAP


def grid_of_sets(sets: int) -> Grid:
    """Return the grid of the maps of sets and of their log ratios.

    Parameters
    ----------
    sets : int
        Number of sets with a map.

    Returns
    -------
    Grid
        A single set has one map. Two sets have their maps and their ratio in one row. More sets
        have rows of maps, each with a row of ratios below it.
    """
    if sets == 1:
        return Grid(1, 4)
    if sets == 2:
        return Grid(3, 3)
    columns = min(sets, 4) if sets <= 8 else 6
    return Grid(2 * columns * -(-sets // columns), columns)


def grid_of_apart(samples: int) -> Grid:
    """Return the grid of the samples that stand out: a map and a ratio of each.

    Parameters
    ----------
    samples : int
        Number of samples.
    """
    return Grid(2 * samples, 6)


def row_height(rows: int) -> int:
    """Return the height of a row of the strips.

    Parameters
    ----------
    rows : int
        Number of rows.
    """
    available = DECAY_HEIGHT + BELOW_DECAY + RATIO_HEIGHT
    return min(max(available // rows, LOWEST_ROW), HIGHEST_ROW)

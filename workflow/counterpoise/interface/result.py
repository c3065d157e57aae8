"""The result of ``counterpoise.balance``: the core's, and what needs files, tables and figures."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from counterpoise.balancing import result as core
from counterpoise.installation import name_missing_extra

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Balance(core.Balance):
    """A balanced map: weights, their errors, the verdict, and what to do with them.

    Attributes
    ----------
    contacts : ContactMap
        The raw map.
    weights : ndarray of float64, shape (bins,)
        Multiplicative weights, so that balanced_ij = count_ij * w_i * w_j. NaN on masked bins, and
        on parts that failed unless ``on_failure`` keeps their weights.
    se : ndarray of float64, shape (bins,)
        Relative standard errors of the weights (0.02 is two percent); NaN where weights are.
    verdict : Verdict
        The verdict on the map and on each part.
    trace : tuple of TraceRow
        A row for each iteration, as in ``trace.parquet``.
    kept : ndarray of bool, shape (bins,)
        Bins that the mask keeps.
    """

    @classmethod
    def of(cls, result: core.Balance) -> Self:
        """Make a result of the core's."""
        return cls(**{field.name: getattr(result, field.name) for field in fields(core.Balance)})

    def to_frame(self) -> pd.DataFrame:
        """Return the weights as a table of bins.

        Returns
        -------
        pandas.DataFrame
            One row per bin, with the columns ``chrom`` (categorical), ``start``, ``end``,
            ``weight`` (multiplicative) and ``se``, as in ``weights.parquet``.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.

        Examples
        --------
        >>> import counterpoise as cp
        >>> cp.balance([[400, 200], [200, 900]], "kr").to_frame().round(4)
            chrom  start  end  weight      se
        0  matrix      0    1  0.0433  0.0415
        1  matrix      1    2  0.0289  0.0306
        """
        with name_missing_extra("tables need"):
            import pandas as pd

        bins = self.contacts.bins
        columns = {
            "chrom": pd.Categorical.from_codes(bins.chromosome_ids, pd.Index(bins.chromosomes)),
            "start": bins.start,
            "end": bins.end,
            "weight": self.weights,
            "se": self.se,
        }
        return pd.DataFrame(columns)

    def plot(
        self,
        *,
        sample: str | None = None,
        region: str | None = None,
        max_pixels: int = 600,
        dpi: int = 110,
    ) -> Figure:
        """Draw the figure of the run that the report shows, with matplotlib.

        Parameters
        ----------
        sample : str, optional
            Name for the title; by default the name of the source file.
        region : str, optional
            Stretch of the genome that is shown bin by bin: ``chr4:1,000,000-3,000,000``; by default
            one quarter of the way along the longest chromosome.
        max_pixels : int, default 600
            Largest number of cells along a side of the whole map.
        dpi : int, default 110
            Dots per inch.

        Returns
        -------
        matplotlib.figure.Figure
            Notebooks show it; ``figure.savefig("run.png")`` writes it to a file.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        import pyarrow as pa

        from counterpoise.contacts.contact_map import load_rows
        from counterpoise.store.weights import trace_columns

        with name_missing_extra("plots need"):
            from counterpoise.report.run.plot import Run, draw_run, name_map, paint_runs
        from counterpoise.report.run.coverage import measure_coverage
        from counterpoise.report.run.stretch import choose_stretch

        contacts, bins = self.contacts, self.contacts.bins
        run = Run(self.weights, self.se, pa.table(trace_columns(self)), self.verdict)
        coverage = measure_coverage(contacts, self.kept, self.verdict.mask)
        stretch = choose_stretch(bins, self.kept, region)
        rows = load_rows(contacts, *stretch, stretch[1])
        size = {"max_pixels": max_pixels, "dpi": dpi}
        (pictures,) = paint_runs(rows, contacts, coverage, [run], stretch, **size)
        title = name_map(contacts, sample)
        with draw_run(bins, coverage, run, pictures, title=title, dpi=dpi) as figure:
            return figure

    def to_cooler(self, uri: Any, name: str | None = None, *, force: bool = False) -> str:
        """Write the weights and their standard errors into a cooler.

        The columns, their conventions and attributes are those of the workflow's coolers. The
        file is copied, and the copy replaces it when it is complete: after an interruption there
        is the old file or the new one.

        Parameters
        ----------
        uri : str, PathLike or cooler.Cooler
            An existing ``file.cool`` or ``file.mcool::/resolutions/10000`` with the bins of the
            map. Of a file with several resolutions, the one of the map is the default.
        name : str, optional
            Name of the column. The default is the workflow's: the method in capitals, with the
            prefix ``GW_`` for scope ``genome`` and ``INTER_`` for ``trans``. ``KR``, ``VC`` and
            ``VC_SQRT`` are divisive, on Juicer's scale. All other columns are multiplicative, also
            ``weight``, which cooler uses by default.
        force : bool, default False
            Replace columns that exist.

        Returns
        -------
        str
            The name of the column, for ``cooler.Cooler(uri).matrix(balance=...)``. The errors are
            in the column ``<name>_se``.

        Raises
        ------
        ConfigError
            If no column of weights can have the name, if it belongs to another method or
            convention, or if ``uri`` is of another type.
        InputError
            If the file is no cooler or is read-only, its bins differ, or the column exists.
        DiskFullError
            If there is no room for a copy of the file.

        Examples
        --------
        >>> import counterpoise as cp
        >>> result = cp.balance("map.cool", "kr")  # doctest: +SKIP
        >>> result.to_cooler("map.cool")  # doctest: +SKIP
        'KR'
        >>> result.to_cooler("map.cool", name="weight", force=True)  # doctest: +SKIP
        'weight'
        """
        from counterpoise.interface.cooler_columns import write_columns

        return write_columns(self, uri, name, force=force)

"""The banner of a run: its verdict in words and colour."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from counterpoise.contacts.bins import format_length, pluralise
from counterpoise.methods import methods
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH
from counterpoise.records.verdict import Status, Verdict
from counterpoise.records.wording import fitness_label, fitness_reason, percent
from counterpoise.report.formats import format_status
from counterpoise.report.statuses import ONE_PASS
from counterpoise.report.style import FITNESS_COLOURS, PAGE_WIDTH, add_panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_banner(figure: Figure, verdict: Verdict, title: str) -> None:
    """Draw the verdict across the top of the page.

    Parameters
    ----------
    figure : Figure
        The page.
    verdict : Verdict
        The run's verdict.
    title : str
        Sample and resolution.
    """
    background, foreground = FITNESS_COLOURS[verdict.fitness]
    axes = add_panel(figure, 0, 0, PAGE_WIDTH, 104)
    axes.set(xlim=(0, PAGE_WIDTH), ylim=(104, 0), facecolor=background)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    label = fitness_label(verdict.fitness).upper()
    axes.text(28, 40, label, color=foreground, fontsize=15, weight="bold", va="center")
    status = format_status(verdict.status)
    axes.text(28, 74, status, color=foreground, fontsize=9, va="center")
    top = textwrap.shorten(headline(verdict, title), 105, placeholder=" \u2026")
    axes.text(330, 28, top, color=foreground, fontsize=12, weight="bold", va="center")
    lines = textwrap.wrap(describe_outcome(verdict), 165)
    if len(lines) > 2:
        lines = [lines[0], textwrap.shorten(" ".join(lines[1:]), 160, placeholder=" \u2026")]
    axes.text(330, 72, "\n".join(lines), color=foreground, fontsize=8.5, va="center")


def headline(verdict: Verdict, title: str) -> str:
    """Name the run: ``sample \u00b7 10 kb \u00b7 ice (genome)``.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.
    title : str
        Sample and resolution.

    Returns
    -------
    str
        The title, the method's name, its scope and, if it has another name, the algorithm.
    """
    algorithm = "" if verdict.method == verdict.name else f", {verdict.method}"
    return f"{title} \u00b7 {verdict.name} ({verdict.scope}{algorithm})"


def describe_outcome(verdict: Verdict) -> str:
    """Describe the outcome of a run: what limits its use, the reason and the deciding figures.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    str
        A few sentences.
    """
    reason = verdict.reason.rstrip(". ") + "." if verdict.reason else ""
    sentences = [
        fitness_reason(verdict.fitness_causes),
        reason,
        _describe_iterations(verdict),
        _describe_bandwidths(verdict),
        _describe_deviation(verdict),
        _describe_unevenness(verdict),
    ]
    return " ".join(filter(None, sentences))


def _describe_iterations(verdict: Verdict) -> str:
    if verdict.weights_of is not None:
        return ""
    if verdict.status is Status.COMPUTED:
        return ONE_PASS
    if not verdict.iterations:
        return ""
    products = pluralise(verdict.matvecs, "matrix-vector product")
    return f"{pluralise(verdict.iterations, 'iteration')}, {products}."


def _bandwidths(verdict: Verdict) -> list[float]:
    """Return the bandwidths of the parts of a kernel method, in base pairs."""
    if not methods()[verdict.method].fills:
        return []
    return [part.bandwidth for part in verdict.parts if part.bandwidth is not None]


def _describe_bandwidths(verdict: Verdict) -> str:
    """Describe the range of bandwidths; a single part's reason already names its bandwidth."""
    bandwidths = _bandwidths(verdict)
    if not bandwidths or len(verdict.parts) < 2:
        return ""
    ends = dict.fromkeys(format_length(end) for end in (min(bandwidths), max(bandwidths)))
    by = ", chosen by the score" if verdict.settings["bandwidth"] == AUTO_BANDWIDTH else ""
    return f"Bandwidth {' to '.join(ends)}{by}."


def _describe_unevenness(verdict: Verdict) -> str:
    if verdict.expected_unevenness is None:
        return ""
    share = percent(verdict.expected_unevenness / 100)
    return f"New contacts balanced with these weights would be uneven by {share}."


def _describe_deviation(verdict: Verdict) -> str:
    if verdict.max_deviation is None or verdict.rms_deviation is None:
        return ""
    subject = "Balanced row sums are off their target by"
    if max(_bandwidths(verdict), default=0):
        subject = "Single row sums are not made equal: they differ from their mean by"
    return (
        f"{subject} {verdict.max_deviation:.2g} at most "
        f"and {verdict.rms_deviation:.2g} RMS (relative)."
    )

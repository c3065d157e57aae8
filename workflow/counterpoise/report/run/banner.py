"""The banner of a run: its verdict in words and colour."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterpoise.contacts.bins import format_length, pluralise
from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings
from counterpoise.methods.kernel.settings import AUTO_BANDWIDTH
from counterpoise.records.facts import (
    Fact,
    FewWeights,
    LargeErrors,
    NotEqualised,
    PartsUnfit,
    UnevenContacts,
    UnevenRowSums,
)
from counterpoise.records.fitness import Fitness
from counterpoise.records.verdict import Status, Verdict
from counterpoise.records.wording import fitness_label, fitness_reason, measured_or_bound
from counterpoise.report.axes import shorten_names
from counterpoise.report.formats import format_status
from counterpoise.report.style import FITNESS_COLOURS, PAGE_WIDTH, add_panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADLINE, LINE = 27, 18  # heights of a line on the page
ONE_PASS = "One pass."


@dataclass(frozen=True)
class Banner:
    """The texts of a banner, in lines.

    Attributes
    ----------
    label, status : list of str
        The fitness, and how the method ended.
    headline, outcome : list of str
        Names of the run, and its outcome.
    """

    label: str
    status: list[str]
    headline: list[str]
    outcome: list[str]

    @classmethod
    def of(cls, verdict: Verdict, title: str) -> Banner:
        """Compose the banner of a run, given its sample and resolution."""
        return cls(
            fitness_label(verdict.fitness).upper(),
            textwrap.wrap(describe_status(verdict), 42),
            textwrap.wrap(headline(verdict, title), 105),
            textwrap.wrap(describe_outcome(verdict), 165),
        )

    @property
    def height(self) -> int:
        """Height on the page, which grows with the text."""
        texts = HEADLINE * len(self.headline) + LINE * len(self.outcome)
        return max(104, 30 + texts, 58 + LINE * len(self.status))


def draw_banner(figure: Figure, banner: Banner, fitness: Fitness) -> None:
    """Draw the verdict across the top of the page.

    Parameters
    ----------
    figure : Figure
        The page.
    banner : Banner
        The texts.
    fitness : Fitness
        Chooses the colours.
    """
    background, foreground = FITNESS_COLOURS[fitness]
    height = banner.height
    axes = add_panel(figure, 0, 0, PAGE_WIDTH, height)
    axes.set(xlim=(0, PAGE_WIDTH), ylim=(height, 0), facecolor=background, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    texts = (
        (28, 24, banner.label, 15, "bold"),
        (28, 62, "\n".join(banner.status), 9, "normal"),
        (330, 17, "\n".join(banner.headline), 12, "bold"),
        (330, 20 + HEADLINE * len(banner.headline), "\n".join(banner.outcome), 8.5, "normal"),
    )
    for x, y, text, size, weight in texts:
        axes.text(x, y, text, color=foreground, fontsize=size, weight=weight, va="top")


def describe_status(verdict: Verdict) -> str:
    """Describe how the method ended: on the genome, or on how many of the chromosomes.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    str
        ``converged``, or ``converged on 15 of 16 chromosomes, failed on 1 (chrM)``.
    """
    counts = Counter(part.status for part in verdict.parts if part.status is not Status.EMPTY)
    if len(counts) < 2:
        return format_status(verdict.status)
    total = sum(counts.values())
    (best, number), *others = sorted(counts.items(), key=lambda item: list(Status).index(item[0]))
    texts = [f"{format_status(best)} on {number} of {total} chromosomes"]
    for status, count in others:
        names = [part.label for part in verdict.parts if part.status is status]
        listed = ", ".join(shorten_names(names[:3])) + (", \u2026" if count > 3 else "")
        texts.append(f"{format_status(status)} on {count} ({listed})")
    return ", ".join(texts)


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
    """Describe the outcome of a run: what to do, why, and the deciding figures.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    str
        A few sentences.
    """
    causes = fitness_reason(verdict.fitness_causes)
    reason = verdict.reason.rstrip(". ") + "." if verdict.reason else ""
    sentences = [
        # The reason of a run without weights begins with what to do.
        *([advise(verdict), causes, reason] if verdict.weighted else [reason, causes]),
        _describe_iterations(verdict),
        _describe_bandwidths(verdict),
        _describe_deviation(verdict),
        _describe_unevenness(verdict),
    ]
    return " ".join(filter(None, sentences))


# What to do about the causes of a fitness, by their kind.
ADVICE: dict[type[Fact], str] = {
    FewWeights: "Use larger bins or a deeper library.",
    LargeErrors: "Use larger bins or a deeper library.",
    UnevenRowSums: "Allow more iterations, or use kr.",
    UnevenContacts: "Use larger bins or a deeper library.",
    NotEqualised: "Use kr, which makes row sums equal.",
    PartsUnfit: "Leave out what is not for use, or use larger bins.",
}


def advise(verdict: Verdict) -> str:
    """Say what to do about weights that are not fit for use.

    Parameters
    ----------
    verdict : Verdict
        The run's verdict.

    Returns
    -------
    str
        Sentences; empty for weights that are fit for use.
    """
    advice = [ADVICE[type(cause)] for cause in verdict.fitness_causes if type(cause) in ADVICE]
    return " ".join(dict.fromkeys(advice))


def _describe_iterations(verdict: Verdict) -> str:
    if verdict.weights_of is not None:
        return ""
    if not verdict.iterations:
        return ONE_PASS if verdict.status is Status.COMPUTED else ""
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
    share = measured_or_bound(verdict.expected_unevenness, verdict.unevenness_at_most)
    return f"New contacts balanced with these weights would be uneven by {share}." if share else ""


def _aims_at_equal_sums(verdict: Verdict) -> bool:
    """Return whether single row sums have a target; those of kernel methods without smoothing do.

    Of the weights of another sample, row sums say how well they suit this one.
    """
    method = methods()[verdict.method]
    if method.fills:
        return not max(_bandwidths(verdict), default=0)
    return issubclass(method.settings, EqualSumsSettings) or verdict.weights_of is not None


def _describe_deviation(verdict: Verdict) -> str:
    if verdict.max_deviation is None or verdict.rms_deviation is None:
        return ""
    subject = "Balanced row sums are off their target by"
    if not _aims_at_equal_sums(verdict):
        subject = "Single row sums are not made equal: they differ from their mean by"
    return (
        f"{subject} {verdict.max_deviation:.2g} at most "
        f"and {verdict.rms_deviation:.2g} RMS (relative)."
    )

"""Draw the decision on fitness of docs/how-it-works/verdicts.md from the limits of the code.

python docs/images/decision.py

It writes ``decision.svg`` next to this file. A test compares the two, so a changed limit changes
the picture. The picture has a white ground, so that it can be read on dark pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from counterpoise.methods import methods
from counterpoise.methods.base import EqualSumsSettings
from counterpoise.records.fitness import Fitness, FitnessSettings
from counterpoise.records.wording import FITNESS_LABELS, limit_percent
from counterpoise.report.style import FITNESS_COLOURS, INK

TARGET = Path(__file__).with_suffix(".svg")
WIDTH, MARGIN, GAP, ROW, BAR = 560, 24, 4, 78, 26
TOP, BOTTOM = 58, 136  # above and below the rows


@dataclass(frozen=True)
class Question:
    """One measured value, and the ranges of it that have a meaning.

    Attributes
    ----------
    text : str
        What is measured.
    ranges : sequence of str
        Ranges of the value that are fit for use, call for caution and, where there are three, are
        not for use.
    """

    text: str
    ranges: Sequence[str]


def main() -> None:
    """Write the picture."""
    TARGET.write_text(draw(FitnessSettings()), encoding="utf-8")


def list_questions(limits: FitnessSettings) -> list[Question]:
    """Return what the fitness of weights is judged by."""
    stated = {name: limit_percent(limit) for name, limit in asdict(limits).items()}
    errors, further_errors = stated["error_caution"], stated["error_no"]
    bins, further_bins = stated["bins_caution"], stated["bins_no"]
    unevenness = stated["expected_unevenness_caution"]
    uneven, parts, depth = (stated[f"{name}_caution"] for name in ("uneven", "parts", "depth"))
    equal = [
        name for name, method in methods().items() if issubclass(method.settings, EqualSumsSettings)
    ]
    return [
        Question(
            "Median standard error of the weights",
            (f"up to {errors}", f"above {errors}", f"above {further_errors}"),
        ),
        Question("Noise of the weights", ("known", "unknown")),
        Question(
            "Share of the bins with contacts that have a weight",
            (f"{bins} or more", f"below {bins}", f"below {further_bins}"),
        ),
        Question(
            f"Spread of balanced row sums ({', '.join(equal)})",
            (f"up to {uneven}", f"above {uneven}"),
        ),
        Question(
            "Expected unevenness of new contacts (upper bound)",
            (f"up to {unevenness}", f"above {unevenness}"),
        ),
        Question(
            "Contacts on chromosomes that are not for use",
            (f"up to {parts}", f"above {parts} of the map"),
        ),
        Question(
            "Contacts, relative to the median of the cohort",
            (f"{depth} or more", f"below {depth}"),
        ),
    ]


def draw(limits: FitnessSettings) -> str:
    """Return the picture as SVG."""
    questions = list_questions(limits)
    height = TOP + ROW * len(questions) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="-apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="15">',
        "<title>How the fitness of weights is decided</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#ffffff"/>',
        text(MARGIN, 40, "May the weights be used? The worst answer counts.", size=19, weight=700),
    ]
    for number, question in enumerate(questions):
        lines += draw_question(question, TOP + ROW * number)
    lines += draw_outcomes(TOP + ROW * len(questions) + 10)
    return "\n".join([*lines, "</svg>", ""])


def draw_question(question: Question, top: float) -> Iterator[str]:
    """Draw a question above the bar of its ranges."""
    yield text(MARGIN, top + 24, question.text, weight=600)
    third = (WIDTH - 2 * MARGIN + GAP) / 3
    for number, (fitness, words) in enumerate(zip(Fitness, question.ranges, strict=False)):
        x = MARGIN + number * third
        yield box(x, top + 34, third - GAP, BAR, fitness)
        yield text(x + 10, top + 52, words, FITNESS_COLOURS[fitness][1], size=14)


def draw_outcomes(top: float) -> Iterator[str]:
    """Draw what the answers add up to."""
    yield f'<path d="M{MARGIN} {top} H{WIDTH - MARGIN}" stroke="#d3d6da"/>'
    outcomes = (
        (Fitness.GOOD, "all answers are green"),
        (Fitness.CAUTION, "an answer is orange, none is red"),
        (Fitness.NO, "an answer is red"),
    )
    for number, (fitness, when) in enumerate(outcomes):
        y = top + 14 + number * 34
        yield box(MARGIN, y, 168, 27, fitness)
        colour = FITNESS_COLOURS[fitness][1]
        yield text(MARGIN + 84, y + 19, FITNESS_LABELS[fitness], colour, weight=700, middle=True)
        yield text(MARGIN + 182, y + 19, when)


def box(x: float, y: float, width: float, height: float, fitness: Fitness) -> str:
    """Return a box in the colour of a fitness."""
    fill = FITNESS_COLOURS[fitness][0]
    return (
        f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{height:g}" rx="4" '
        f'fill="{fill}"/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    fill: str = INK,
    *,
    size: int = 15,
    weight: int = 400,
    middle: bool = False,
) -> str:
    """Return a line of text."""
    anchor = ' text-anchor="middle"' if middle else ""
    fill = "#ffffff" if fill == "white" else fill
    return (
        f'<text x="{x:.1f}" y="{y:g}" fill="{fill}" font-size="{size}" '
        f'font-weight="{weight}"{anchor}>{words}</text>'
    )


if __name__ == "__main__":
    main()

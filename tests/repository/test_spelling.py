"""Words of the documentation are spelt as in a dictionary or as in ``docs/words.txt``.

The dictionary is American, and the pages are British: British forms are in ``docs/words.txt``, and
American forms are faults. "Program" and MLflow's "artifact" are words of both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from spylls.hunspell import Dictionary

from tests.support import REPOSITORY

NAMES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "profiles/README.md")
PAGES = [*NAMES, "benchmarks/README.md"]
PAGES += sorted(str(page.relative_to(REPOSITORY)) for page in REPOSITORY.glob("docs/**/*.md"))
OWN = set((REPOSITORY / "docs/words.txt").read_text(encoding="utf-8").split())
AMERICAN = re.compile(
    "|".join(
        (
            r"(?!(?:cap|down|over|re|under)?siz|priz|seiz)\w+[iy]z(?:e[drs]?|ing|able|ations?)",
            r"(?:behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|rum|tum|vap|vig)or"
            r"(?:s|ed|ing|al|able|ful|hood|less)?",
            r"(?:calib|cent|fib|(?:[cm]enti|kilo|micro|milli|nano)met|lit|lust|specs|spect|theat)er"
            r"(?:s|ed|ing)?",
            r"(?:cancel|channel|counsel|fuel|initial|label|level|marshal|model|panel|signal|total"
            r"|travel|tunnel)(?:ed|ing|ers?)",
            r"(?:anal|catal|dial|monol|prol)ogs?",
            r"(?:defens|licens|offens|pretens)es?",
            r"gray(?:s|ed|er|ish|scale)?",
            r"(?:judg|acknowledg)ments?",
            r"(?:enrol|fulfil)l(?:s|ments?)?|installments?|skillful(?:ly)?",
            r"(?:an|isch|leuk)emia|edema|estrogens?|hem(?:at|o)\w+|pediatric",
        )
    )
)
WORD = re.compile(r"(?<![\w.@/-])[A-Za-z][A-Za-z']*[a-z](?![\w/])")
NO_PROSE = (
    # Titles and names in American English.
    (r"chromosome\s+organization|for\s+analyzing\s+loop|Snakemake\s+workflow\s+catalog", 0),
    (r"^---\n.*?^---$", re.M | re.S),  # front matter
    (r"^```.*?^```$", re.M | re.S),
    (r"`[^`]*`", 0),
    (r"\$\$.*?\$\$|\$[^$\n]+\$", re.S),
    (r"\]\([^)]*\)", 0),  # targets of links
    (r"<!--.*?-->", re.S),
    (r"<[^>]*>", 0),
    (r"https?://\S+", 0),
    (r"^:::.*$|^:[\w-]+:.*$", re.M),
)


@cache
def dictionary() -> Callable[[str], bool]:
    return Dictionary.from_files("en_US").lookup  # type: ignore[no-any-return]


def words(page: Path) -> set[str]:
    """Return the words of a page outside of code; names such as ``GPU`` and ``MLflow`` are none."""
    text = page.read_text(encoding="utf-8")
    for pattern, flags in NO_PROSE:
        text = re.sub(pattern, " ", text, flags=flags)
    found = {word.removesuffix("'s").strip("'") for word in WORD.findall(text)}
    return {word for word in found if not re.search("[a-z][A-Z]|[A-Z]{2}", word)}


@pytest.mark.parametrize("name", PAGES)
def test_words_are_spelt_right(name: str) -> None:
    known = OWN | {word.capitalize() for word in OWN}
    wrong = {w for w in words(REPOSITORY / name) - known if not dictionary()(w)}
    assert not wrong, "mend them, or add them to docs/words.txt"
    assert not {w for w in words(REPOSITORY / name) if AMERICAN.fullmatch(w.lower())}


def test_american_forms_are_seen() -> None:
    american = (
        "analyze normalizing organization emphasizes behavior colored neighborhood center "
        "kilometers labeled modeling dialog license gray judgment fulfill leukemia hemoglobin"
    )
    british = (
        "analyse normalising organisation sizes prize seized resize behaviour laboratory parameter "
        "enter labelled dialogue licence licensed grey program artifact installed here them"
    )
    assert not [w for w in american.split() if not AMERICAN.fullmatch(w)]
    assert not [w for w in british.split() if AMERICAN.fullmatch(w)]


def test_the_list_has_no_words_of_the_dictionary() -> None:
    assert sorted(OWN, key=str.casefold) == (REPOSITORY / "docs/words.txt").read_text().split()
    assert not {word for word in OWN if dictionary()(word)}

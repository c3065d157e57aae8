"""Files generated from the settings and the registry are those that ``make accept`` would write."""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from inspect import cleandoc
from pathlib import Path

import pytest
import yaml

from counterpoise.cohort.compose import load_cohort
from counterpoise.cohort.conf_files import CHOICES, as_yaml, settings_lines
from counterpoise.cohort.docstrings import default_of, first_sentence, leaves, meaning
from counterpoise.cohort.entries import AppliedSettings, PriorSettings
from counterpoise.cohort.samples import Sample
from counterpoise.cohort.settings import CohortSettings, IngestSettings, SdistFile
from counterpoise.cohort.thinning import ThinSettings
from counterpoise.ingest.chromosome_choice import ChromosomeSettings
from counterpoise.methods import methods
from counterpoise.methods.base import MethodSettings
from tests.support import REPOSITORY
from tests.support.generated import generated_files

CONF = REPOSITORY / "conf"
GENERATED = generated_files(REPOSITORY)
METHOD_CLASSES = {kind for method in methods().values() for kind in method.settings.__mro__}
SETTINGS = sorted(
    {
        *(kind for kind in METHOD_CLASSES if "__annotations__" in vars(kind)),
        *(choice.settings for choice in CHOICES),
        ChromosomeSettings,
        IngestSettings,
        PriorSettings,
        AppliedSettings,
        CohortSettings,
        Sample,
        SdistFile,
        ThinSettings,
    },
    key=lambda kind: kind.__name__,
)
STATED_DEFAULT = re.compile(r"^(\w+) : .*?, default (.*)$", re.M)


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    path = REPOSITORY / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    drift = difflib.unified_diff(
        text.splitlines(), GENERATED[name].splitlines(), name, "make accept", lineterm=""
    )
    assert not (difference := "\n".join(drift)), f"run `make accept`:\n{difference}"


def test_every_file_that_holds_settings_is_generated() -> None:
    files = {f"conf/{path.relative_to(CONF)}" for path in CONF.glob("*/*.yaml")}
    written_by_hand = {name for name in files if name.split("/")[1] in ("cohort", "experiment")}
    assert files - written_by_hand == {name for name in GENERATED if name.startswith("conf/")}


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_docstrings_describe_every_setting_and_state_its_default(kind: type) -> None:
    for item in leaves(kind):
        comment = first_sentence(meaning(kind, item.name))
        assert len(comment) <= 98, f"{item.name}: the first sentence is the comment in conf/"
        assert comment.endswith("."), f"{item.name}: {comment}"
    fields = {item.name: default_of(item) for item in leaves(kind)}
    for name, stated in STATED_DEFAULT.findall(cleandoc(kind.__doc__ or "")):
        spelt = {"None": "null", "True": "true", "False": "false"}.get(stated, stated.strip('"'))
        assert as_yaml(fields[name]) == spelt, name


def test_a_setting_without_documentation_is_named() -> None:
    @dataclass
    class Bare(MethodSettings):
        """Settings that are described but for one.

        Attributes
        ----------
        silent : int, default 2
        known : int, default 1
            What it does.
        """

        known: int = 1
        silent: int = 2

    assert meaning(Bare, "known") == ["What it does."]
    assert meaning(Bare, "seed") == meaning(MethodSettings, "seed")
    with pytest.raises(ValueError, match=r"docstring of Bare .* 'silent'; add .* 'silent : type, "):
        settings_lines(Bare)


def test_shown_defaults_are_those_of_the_classes(tmp_path: Path) -> None:
    """A method has the same settings with and without its file."""
    entries = [f"+method@methods.other_{name}={name}" for name in methods()]
    shown = load_cohort(CONF, entries)
    shutil.copytree(CONF, tmp_path / "conf", ignore=shutil.ignore_patterns("method"))
    bare = load_cohort(tmp_path / "conf", entries)
    for name, method in methods().items():
        for run in (shown, bare):
            assert asdict(run.methods[f"other_{name}"]) == asdict(method.settings())
    assert asdict(shown.settings) == asdict(bare.settings)


@pytest.mark.parametrize("without_files", [False, True])
def test_hydra_warns_of_nothing(tmp_path: Path, without_files: bool) -> None:
    """Hydra warns neither with the files of ``conf/method`` nor without them."""
    shutil.copytree(CONF, tmp_path / "conf")
    if without_files:
        shutil.rmtree(tmp_path / "conf" / "method")
    program = (
        "import sys; from counterpoise.cohort.compose import load_cohort; "
        "load_cohort(sys.argv[1], ['cohort=scc1', 'mask=none', 'experiment=no_mask'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program, str(tmp_path / "conf")],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert done.stdout == ""
    assert "hydra" not in done.stderr.lower(), done.stderr
    assert "Warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("text", ["plain", "{list}.bed", "a: b", "", "1e-5", "null", "[a", "* b"])
def test_texts_are_quoted_where_yaml_needs_it(text: str) -> None:
    assert yaml.safe_load(as_yaml(text)) == text

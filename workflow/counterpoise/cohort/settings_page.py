"""The page of all settings, from the dataclasses that hold them.

``python -m counterpoise.cohort.settings_page > docs/configuration.md``; a test fails when the page
is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, fields, is_dataclass
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from omegaconf import MISSING

from counterpoise.cohort.samples import Sample, schema
from counterpoise.cohort.settings import METHOD_KEY, RunConfig, SdistFile
from counterpoise.methods import methods

INTRO = """\
# Configuration

<!-- Generated: `python -m counterpoise.cohort.settings_page > docs/configuration.md` -->

A run is described by one small YAML file, the *cohort*: which maps, which resolutions, which
methods. All else has a default, listed below. A misspelt key, a wrong type or an impossible value
is refused before any job starts, with the key's name.

## A cohort

Write `conf/cohort/NAME.yaml` and choose it with `--config cohort=NAME`:

```yaml
# @package _global_
defaults:
  - /method@methods.ice: ice
  - /method@methods.kr: kr
  - /method@methods.kr_genome: kr
  - _self_

cohort: mine
resolutions: [10000, 100000]
primary: ice
sample_sheet: samples.tsv

methods:
  kr_genome: {scope: genome}
mask: {min_nnz: 5}
```

```
snakemake --profile local --config cohort=mine
```

The first line and `_self_` as the last of the `defaults` belong in every cohort: they say that the
file holds settings of the whole run, and that these count more than the defaults. To keep cohorts
outside the workflow, put them in `FOLDER/cohort/NAME.yaml` and add `conf=FOLDER` after `--config`.

**Methods** are chosen by the `defaults` list: `/method@methods.NAME: ALGORITHM` runs ALGORITHM
under the name NAME, which is that of its folder and of its column in the coolers. The same
algorithm can run under several names, with different settings, as `kr` does above. Any setting of
it goes under `methods.NAME`. `primary` says whose weights become the column `weight`.

**Samples** come from a sheet or stand in the cohort itself:

```yaml
samples:
  wild_1: {path: data/wild_1.hic, condition: wild}
  knockout_1: {path: "data/knockout_1.mcool", condition: knockout, resolutions: [100000]}
```

The sheet is a tab-separated file with a header line; lines that begin with `#` are skipped, and
columns that you do not need may be left out. Relative paths, here and everywhere, count from the
folder in which Snakemake runs.

```
sample\tpath\tcondition\treplicate
wild_1\tdata/wild_1.hic\twild\t1
wild_2\tdata/wild_2.hic\twild\t2
knockout_1\tdata/knockout_1.mcool\tknockout\t1
```
"""

OVERRIDES = """\
## For one run only

Any setting can be changed on the command line, without a change to a file:

```
snakemake --profile local --config cohort=scc1 'hydra_overrides=["methods.ice.tolerance=1e-4"]'
snakemake --profile local --config 'hydra_overrides=["mask.min_nnz=5", "resolutions=[20000]"]'
snakemake --profile local --config 'hydra_overrides=["mask=none", "tracking=off"]'
snakemake --profile local --config 'hydra_overrides=["+method@methods.kr_loose=kr", "~methods.vc"]'
```

The last line adds a method and takes one away. Only what depends on a changed setting
[runs again](reprocessing.md).

## Two settings side by side

The lines above overwrite what they change. `experiment=NAME` puts `conf/experiment/NAME.yaml` on
the cohort instead, with [results of its own](reprocessing.md#two-settings-side-by-side) beside the
cohort's, in files and in MLflow:

```
snakemake --profile local --config cohort=scc1 experiment=strict_mask
```

## Groups

A group holds ready-made choices, one file each, under `conf/`. `mask=none` on the command line, or
`override /mask: none` in the `defaults` of a cohort, chooses `conf/mask/none.yaml`.

| group | choices |
|---|---|
| `cohort` | `demo` (the default), `scc1`, and yours |
| `experiment` | none (the default), `strict_mask`, `no_mask`, and yours |
| `method` | one for each algorithm; used as `/method@methods.NAME: ALGORITHM` |
| `mask` | `default`: cooler's filters; `none`: only bins without any contact are masked |
| `backend` | `auto`: a GPU where it pays, else the CPU; `native`, `torch`; `scipy`: for checks |
| `tracking` | `sqlite`: a database; `server`: the one that `MLFLOW_TRACKING_URI` names; `off` |
| `qc` | `default` |
"""

WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    NoneType: "null",
    Any: "settings",
    Sample: "sample",
    SdistFile: "source package",
}


def page() -> str:
    """The text of ``docs/configuration.md``."""
    return "\n".join([INTRO, *_sheet(), OVERRIDES, *_settings()]).rstrip() + "\n"


def _sheet() -> Iterator[str]:
    yield from ("| column | needed | meaning |", "|---|---|---|")
    for name, column in schema()["properties"].items():
        needed = "yes" if name in schema()["required"] else "no"
        yield f"| `{name}` | {needed} | {column['description']} |"
    yield ""


def _settings() -> Iterator[str]:
    yield "## All settings\n"
    yield "Defaults that are *required* have none: the cohort has to say.\n"
    yield from _section("The whole", RunConfig)
    yield from _section("samples.NAME", Sample)
    yield from _section("sources.PACKAGE", SdistFile)
    for name, method in sorted(methods().items()):
        about = f"Chosen by `/method@methods.NAME: {name}`. {_summary(method.settings)}"
        row = f"| `{METHOD_KEY}` | text | `{name}` | the algorithm; set by the choice |"
        yield from _section(f"methods.NAME: {name}", method.settings, about, [row])
    for item, hint in _hinted(RunConfig):
        if isinstance(hint, type) and is_dataclass(hint):
            yield from _section(item.name, hint)


def _section(
    title: str, kind: type, about: str | None = None, rows: list[str] | None = None
) -> Iterator[str]:
    """A heading, a sentence and a table row for each field of a dataclass."""
    yield f"### {title}\n\n{about or _summary(kind)}\n"
    yield from ("| key | type | default | meaning |", "|---|---|---|---|", *(rows or []))
    meanings = documented(kind)
    for item, hint in _hinted(kind):
        if is_dataclass(hint):
            words, default = f"[section {item.name}](#{item.name})", "see there"
            meaning = _summary(hint)
        else:
            words, default, meaning = type_words(hint), default_words(item), meanings[item.name]
        yield f"| `{item.name}` | {words} | {default} | {_code(meaning)} |"
    yield ""


def _hinted(kind: type) -> Iterator[tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    for item in fields(kind):
        yield item, hints[item.name]


def _summary(kind: Any) -> str:
    """The first paragraph of a class's docstring."""
    return " ".join((getdoc(kind) or "").partition("\n\n")[0].split())


def documented(kind: type) -> dict[str, str]:
    """What the ``Attributes`` sections of a class and its bases say of each name.

    A class adds to what its base says of the same name. Entries are ``name : meaning`` or
    ``name, name : meaning``; further lines are indented.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = base.__dict__.get("__doc__") or ""
        _, _, section = text.partition("Attributes\n    ----------\n")
        for entry in re.split(r"\n(?=    \S)", section.partition("\n\n")[0].rstrip()):
            names, _, meaning = entry.strip().partition(" : ")
            for name in names.split(", "):
                found[name] = " ".join([found.get(name, ""), *meaning.split()]).strip()
    return found


def type_words(hint: Any) -> str:
    """A type as people who write YAML say it: ``whole number``, ``list of text``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        # "number" says it of a whole one, too.
        told = [each for each in arguments if not (each is int and float in arguments)]
        return " or ".join(type_words(each) for each in told)
    if origin is list:
        return f"list of {type_words(arguments[0])}s"
    if origin is dict:
        return f"{type_words(arguments[1])} by name"
    return WORDS[hint]


def default_words(item: Field[Any]) -> str:
    """A default as it is written in YAML."""
    if item.default == MISSING:
        return "*required*"
    if item.default is NO_DEFAULT:
        factory: Any = item.default_factory
        return f"`{factory()}`"
    if item.default is None or isinstance(item.default, bool):
        return f"`{str(item.default).lower().replace('none', 'null')}`"
    return f"`{item.default}`"


def _code(text: str) -> str:
    """Docstrings' double backticks and None as Markdown and YAML have them."""
    return text.replace("``", "`").replace("None", "`null`")


if __name__ == "__main__":
    sys.stdout.write(page())

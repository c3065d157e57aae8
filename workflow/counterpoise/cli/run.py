"""``counterpoise run``: Snakemake with the packaged workflow, on the current folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NoReturn

import click

from counterpoise.cli.choose import choose_name
from counterpoise.errors import ConfigError
from counterpoise.installation import require_module, workflow_folder

CONF = "conf"
# Short options of Snakemake without a value: one word may hold several, as -np does.
FLAGS = "ntkfFlSDvpah"
_CONFIG = re.compile(rf"--config(?:=(.*))?|-([{FLAGS}]*)C=?(.*)", re.DOTALL)
_DIRECTORY = re.compile(rf"-[{FLAGS}]*d.*", re.DOTALL)


class SnakemakeCommand(click.Command):
    """A command that hands on all that follows ``--`` as it is, with the ``--``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands before ``--``.

        Only the whole word ``-h`` asks for help: as a short option click would also find it in
        ``-d/home``.
        """
        end = args.index("--") if "--" in args else len(args)
        ours, theirs = args[:end], args[end:]
        ours = ["--help" if word == "-h" else word for word in ours]
        rest = super().parse_args(ctx, ours)
        ctx.params["words"] = (*ctx.params["words"], *theirs)
        return rest


@click.command(
    "run",
    cls=SnakemakeCommand,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.option("--cohort", metavar="NAME", help="Default: the only one in conf/cohort.")
@click.option(
    "--profile",
    metavar="NAME",
    default="local",
    show_default=True,
    help="Of the folder (profiles/NAME), of the package (local, cluster), or of Snakemake.",
)
@click.argument("words", metavar="[SNAKEMAKE OPTIONS]...", nargs=-1, type=click.UNPROCESSED)
def command(cohort: str | None, profile: str, words: tuple[str, ...]) -> None:
    """Run the workflow on a cohort of the current folder.

    This is Snakemake with the Snakefile of the package and the configuration in conf/. It takes
    all of Snakemake's options, such as -n to show what would run, and has its exit status.
    `counterpoise init` makes the folder.
    """
    require_module("snakemake", "the workflow needs")
    replace_process("snakemake", snakemake_words(cohort, profile, words))


def snakemake_words(cohort: str | None, profile: str, words: Sequence[str]) -> list[str]:
    """Return the arguments of Snakemake.

    Parameters
    ----------
    cohort : str or None
        Name of the cohort; None for the only one of the folder.
    profile : str
        Name of the profile.
    words : sequence of str
        Further arguments; their ``--config`` may choose the cohort and ``conf`` too.

    Returns
    -------
    list of str
        The arguments.

    Raises
    ------
    ConfigError
        If no cohort is named and the folder has none or several, or if the arguments name another
        folder.
    """
    if words and Path(words[0]).is_dir():
        raise ConfigError(f"run takes no folder: cd {words[0]} first, or name --cohort.")
    words, given = _split_config(words)
    keys = {pair.partition("=")[0] for pair in given}
    if cohort is not None and "cohort" in keys:
        raise click.UsageError("Give the cohort once, by --cohort or by --config cohort=NAME.")
    added: dict[str, str] = {}
    if "conf" not in keys and _has_own_conf():
        added["conf"] = CONF
    if "cohort" not in keys:
        added["cohort"] = cohort if cohort is not None else _only_cohort()
    config = [*(f"{key}={value}" for key, value in added.items()), *given]
    snakefile = str(workflow_folder() / "Snakefile")
    # --config takes all words up to the next option.
    return [
        *("--config", *config),
        *("--snakefile", snakefile, "--profile", find_profile(profile)),
        *words,
    ]


def find_profile(name: str) -> str:
    """Return the path of a profile.

    Parameters
    ----------
    name : str
        Name of a profile.

    Returns
    -------
    str
        Absolute path of ``profiles/NAME`` of the current folder, or of the package; else the
        name, with which Snakemake searches the folders of the user.
    """
    for home in (Path.cwd(), workflow_folder()):
        folder = home / "profiles" / name
        if (folder / "config.yaml").is_file():
            return str(folder)
    return name


def replace_process(module: str, words: Sequence[str]) -> NoReturn:
    """Replace this process by a module of this Python, which gets its signals from then on.

    Parameters
    ----------
    module : str
        What ``python -m`` runs.
    words : sequence of str
        Its arguments.
    """
    sys.stdout.flush()
    # -P: a folder here that is called like a package is not imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *words])


def _split_config(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split arguments into those without ``--config`` and its pairs; the last one counts.

    Snakemake also takes ``-C KEY=VALUE``, ``-CKEY=VALUE`` and ``-nC KEY=VALUE``.
    """
    end = words.index("--") if "--" in words else len(words)
    others: list[str] = []
    pairs: list[str] = []
    rest = list(words[:end])
    while rest:
        word = rest.pop(0)
        match = _CONFIG.fullmatch(word)
        if match is None:
            _refuse_directory(word)
            others.append(word)
            continue
        pair, flags = match[1] or match[3], match[2]
        others += [f"-{flags}"] if flags else []
        pairs = [pair] if pair else list(takewhile(lambda each: not each.startswith("-"), rest))
        rest = rest if pair else rest[len(pairs) :]
    return others + list(words[end:]), pairs


def _refuse_directory(word: str) -> None:
    """Refuse Snakemake's option ``--directory``, which may be cut short to ``--dir``."""
    name = word.partition("=")[0]
    is_long = name.startswith("--di") and "--directory".startswith(name)
    if is_long or _DIRECTORY.fullmatch(word):
        raise ConfigError(
            f"{word}: counterpoise run takes the cohort of the current folder. Change to the other "
            "folder first: cd OTHER && counterpoise run."
        )


def _has_own_conf() -> bool:
    """Return whether the folder has a configuration other than that of the workflow."""
    packaged = workflow_folder() / CONF
    return Path(CONF).is_dir() and not os.path.samefile(CONF, packaged)


def _only_cohort() -> str:
    """Return the name of the folder's cohort."""
    names = sorted(path.stem for path in Path(CONF, "cohort").glob("*.yaml"))
    if not names:
        raise ConfigError(
            "there is no conf/cohort/NAME.yaml in this folder. Make one with 'counterpoise init "
            "FOLDER FILE...', or try 'counterpoise run --cohort demo'."
        )
    return choose_name(names, "conf/cohort")

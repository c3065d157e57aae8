"""Texts of the page of messages that no message holds: groups, meanings, and what to do.

A test refuses a message without anything to do, and an entry whose message is gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import ModuleType

from counterpoise.records import facts as f
from counterpoise.records.facts import bandwidths, bins, failures, fitness, runs
from counterpoise.records.verdict import Cause, Status


@dataclass(frozen=True)
class Group:
    """A section of the page.

    Attributes
    ----------
    title : str
        What the reader was doing.
    about : str
        What the messages have in common.
    modules : tuple of str
        Beginnings of the paths of its modules; of several that fit, the longest decides.
    """

    title: str
    about: str
    modules: tuple[str, ...]


GROUPS = (
    Group(
        "Reading a `.cool` or `.mcool` file",
        "Each begins with the path of the file. Nothing was written.",
        ("ingest/",),
    ),
    Group(
        "Reading a `.hic` file",
        "Each begins with the path or address of the file. Nothing was written.",
        ("ingest/byte_reader", "ingest/hic_"),
    ),
    Group(
        "What a map holds",
        "The file was opened, and its bins, chromosomes or pixels contradict each other. Each "
        "begins with the file and, where it has several, the level. Nothing was written.",
        (
            "ingest/cooler_bins",
            "ingest/cooler_tables",
            "ingest/pixel_checks",
            "ingest/chromosome",
            "ingest/hdf5_links",
            "ingest/thinning",
        ),
    ),
    Group(
        "BED files, copy numbers and priors",
        "Each begins with the file.",
        (
            "contacts/bed",
            "ingest/copy_number_table",
            "columns/prior",
            "mask/filters",
            "jobs/prior",
            "store/priors",
        ),
    ),
    Group(
        "Downloads and addresses",
        "Each begins with the address, without user, password and query.",
        ("ingest/download", "ingest/http_file", "ingest/pypi"),
    ),
    Group(
        "Columns of weights in a file",
        "`counterpoise check`, `adopt` and `vectors` say these about a column of weights. Those "
        "that begin with `name` are about the name of a new column: `--name`, `to_cooler`.",
        ("columns/",),
    ),
    Group(
        "Sample sheet",
        "`<place>` names the sheet, the row and the column, or the key in the YAML file. Nothing "
        "ran.",
        ("cohort/samples",),
    ),
    Group(
        "Configuration of a cohort",
        "`<place>` names the file and the key. The whole configuration is checked before the "
        "first job, so nothing ran.",
        ("cohort/", "contacts/resolutions", "contacts/bins", "jobs/snakemake", "report/run"),
    ),
    Group(
        "Settings of methods, masks and backends",
        "The same messages come from a cohort, a command and Python. Nothing ran.",
        (
            "methods/",
            "mask/",
            "balancing/",
            "backends/",
            "records/fitness",
            "records/numbers",
            "contacts/region",
        ),
    ),
    Group(
        "Command line",
        "A usage error comes with the usage of the command and has the exit status 2.",
        ("cli/",),
    ),
    Group(
        "Python",
        "`counterpoise.balance` and the other functions raise these: `ConfigError` and "
        "`InputError`, both of the class `CounterpoiseError`, or `ValueError` about an array.",
        ("interface/", "contacts/contact_map"),
    ),
    Group(
        "Memory, disks and installation",
        "A job or a command could not run to its end. Files under their final names are complete: "
        "each is written under another name and renamed.",
        ("jobs/", "files", "installation", "native/", "store/in_place"),
    ),
    Group(
        "Results on disk",
        "A file under `results/` does not go with the others, or a result is missing.",
        ("errors", "store/", "report/"),
    ),
    Group(
        "MLflow",
        "The results are complete and safe without MLflow.",
        ("tracking/", "jobs/ending"),
    ),
)

# Functions that word what others show: module and name.
SPOKEN = (
    ("columns/judge.py", "_faults_of_kind"),
    ("columns/judge.py", "_describe_unknown"),
    ("columns/judge.py", "_describe_trials"),
    ("columns/judge.py", "_faults_of_bins"),
    ("columns/judge.py", "_faults_of_readers"),
    ("columns/readers.py", "wrong_readers"),
    ("mask/outcome.py", "describe_notes"),
    ("store/missing.py", "_explain"),
    ("store/missing.py", "_last_error"),
    ("jobs/ending.py", "_mlflow"),
)

# Texts of these functions that are no messages.
NOT_MESSAGES = {
    "MLflow <command> ui --cohort <cohort>",
    "which opens <server>/#/experiments/<experiment>/runs?viewStateShareKey=counterpoise",
}

BALANCE_AGAIN = "Balance the map again: `counterpoise balance FILE`."
INTERNAL = "Report it: users do not pass these arrays themselves."
AS_IT_SAYS = "As the message says."
FETCH = "Compare the size and checksum of the file with its source, and fetch it again."
TRIED_AGAIN = (
    "The download is tried again, and goes on where it ended. If that fails, too, see above."
)

# What to do about messages that do not say it, by what they say is wrong.
REMEDIES = {
    "no backend accepts the map: <notes, ...>.": (
        "Take native, which takes every map: `backend: {name: native}` in a cohort, "
        '`backend="native"` in Python.'
    ),
    "mixing is only for variant density.": "Leave `mixing` out, or set `variant: density`.",
    (
        "give a bandwidth, or the raw map: none can be chosen, since the values are not "
        "whole numbers and their counting noise is unknown."
    ): "Set `bandwidth` in base pairs, or give the raw map.",
    (
        "leave the prior out, or give the raw map: how far it applies cannot be learned, "
        "since the values are not whole numbers and their counting noise is unknown."
    ): AS_IT_SAYS,
    "Give one of --in-place and -o OUT.mcool.": (
        "Add `--in-place` to change FILE, or `-o` to write another one."
    ),
    "--method-columns writes a new file: give -o OUT.mcool.": AS_IT_SAYS,
    "Give one of --in-place, -o, --stdout and --check.": AS_IT_SAYS,
    "Give one of --stdout, --check and --json.": AS_IT_SAYS,
    "-o is for a single FILE (several methods are -m kr -m ice).": (
        "Call the command once for each file."
    ),
    "Nothing will be written without --in-place or -o OUT.mcool.": (
        "Add one of them to keep the weights; without, the verdict alone is printed."
    ),
    "--stdout prints one column: name one level and one method.": (
        "Name the level as `FILE.mcool::/resolutions/10000` and give `-m` once."
    ),
    "<file>: nothing was written, since not every level is balanced.": (
        "Read the verdicts above. `--convergence-policy error` forbids it: mask more bins, "
        "or choose another policy."
    ),
    "A method is given twice.": "Name each method once.",
    "Give at most one of --tol and --tolerance.": AS_IT_SAYS,
    "Give at most one of --on-failure and --convergence-policy.": AS_IT_SAYS,
    "--on-failure isolate needs --tolerance: cooler's rule, the default without --method and the "
    "one of --tol, isolates no bins.": AS_IT_SAYS,
    "--name is for a single method.": "Leave `--name` out: each method has a column of its own.",
    "Give at most one of --cis-only, --trans-only and --mode.": AS_IT_SAYS,
    "-o <output>: the levels of a .<format> file are written to a .mcool.": "Name it OUT.mcool.",
    "-o <output>: the name of the output ends with .mcool or .cool.": "Name it so.",
    "-o <output>: a .cool holds one level, and there are <number>.": (
        "Name it OUT.mcool, or one level of the input."
    ),
    "-o <output>: the name of the output ends with .mcool.": "Name it so.",
    "run takes no folder: cd <word> first, or name --cohort.": AS_IT_SAYS,
    "Give the cohort once, by --cohort or by --config cohort=NAME.": AS_IT_SAYS,
    (
        "there is no results/NAME/report.html in this folder yet: 'counterpoise run' makes it."
    ): "Run it, or change to the folder of the cohort.",
    (
        "there is no <report> in this folder yet: 'counterpoise run --cohort <chosen>' makes it."
    ): "Run it, or change to the folder of the cohort.",
    "give either samples or sample_sheet, one of the two.": "Remove one of the two keys.",
    "the cohort <cohort> has no group '<group>' that shares masks at <resolution>.": (
        "Let Snakemake run the rules; a script that is called by hand names a group that "
        "there is not."
    ),
    "the cohort <cohort> has no two samples at <resolution> that could be compared.": (
        "Let Snakemake run the rules; a script that is called by hand names another resolution."
    ),
    "configuration: not valid YAML: <error>": ("The words behind it name the line and the column."),
    "<place>: <key>: no value is given.": "Write a value, or remove the key.",
    "<place>: no value is given.": "Write a value, or remove the key.",
    (
        "configuration: YAML reads off, on, yes and no as true or false: put such a choice "
        "in quotes."
    ): AS_IT_SAYS,
    (
        "methods.<name> has no algorithm: add '/method@methods.<name>: ALGORITHM' to the "
        "defaults list of the cohort (algorithms: <methods, ...>)."
    ): AS_IT_SAYS,
    "<place>: the word <value> stands alone: 'resolutions: <value>'.": (
        "Write the word without a list and without other resolutions."
    ),
    "<place>: <error> Or one of the words all, 4DN and juicer.": AS_IT_SAYS,
    (
        "tracking.artifacts must be null for a server, which keeps them itself (choose "
        "tracking=server)."
    ): AS_IT_SAYS,
    "tracking.artifacts must name a folder where tracking.uri is a database.": (
        "Name a folder, or choose `tracking=sqlite`."
    ),
    "<path>: column <column>: did you mean '<meant>'? Columns of other names are labels.": (
        "Correct the name, or give the label another one."
    ),
    (
        "<place>: methods.<name>: there is no method '<algorithm>'.<known> An entry of "
        "another name needs the key method."
    ): "Correct the name, or add the key `method` with the name of an algorithm.",
    "<path>: row <number> has <number> characters; at most 100000 are read.": "Shorten its cells.",
    "<script> could not write what there is so far.": (
        "The reason is printed above it. The results that are complete stay."
    ),
    (
        "<number> bins and <indptr> entries by indptr do not go with arrays of <str, ...> "
        "(indptr, columns, counts)"
    ): INTERNAL,
    "the matrix has entries that are NaN or infinite": (
        "Set them to zero, as bins without data are, or give the raw map."
    ),
    "the server announced <total> bytes and sent another number": TRIED_AGAIN,
    "the server has no bytes after those that have arrived": TRIED_AGAIN,
    "the server sent another part than the one requested": TRIED_AGAIN,
    "the server answered <status><reason>": TRIED_AGAIN,
    "the chunk of <dataset> from value <first> on does not decompress (<error>)": FETCH,
    "the chunk of <dataset> from value <number> on does not decompress (<error>)": FETCH,
    (
        "the chunk of <dataset> from value <first> on decompresses to <length> bytes instead "
        "of <expected>"
    ): FETCH,
    (
        "the chunk of <dataset> from value <number> on decompresses to <length> bytes "
        "instead of <expected>"
    ): FETCH,
    "it is cut short": FETCH,
    "Nothing can be measured: no two bins with a weight have contacts with each other.": (
        BALANCE_AGAIN
    ),
    (
        "It does not balance this map: row sums vary by <percent> at best (<convention>, "
        "<contacts>). <statement>: it was computed from other contacts, or was changed."
    ): BALANCE_AGAIN,
    (
        "It does not balance this map: row sums vary by <percent> at best (<convention>, "
        "<contacts>). <statement>: it did not converge, was computed from other contacts, or was "
        "changed."
    ): BALANCE_AGAIN,
    "<reason to differ> Row sums vary by <percent> (<convention>, <contacts>).": (
        "Nothing: these weights do not claim equal row sums."
    ),
    (
        "Tried: equal row sums, coverage and its square root, as factors and as divisors "
        "(<contacts>; without <diagonals> diagonals)."
    ): "Nothing: this explains the line above it.",
    "It has no value for any bin with contacts.": BALANCE_AGAIN,
    "It has one value for all bins, which corrects nothing.": BALANCE_AGAIN,
    "The value of <number of bins> with contacts is infinite, zero or below.": BALANCE_AGAIN,
    "Its attribute divisive_weights says that it is <stated>.": (
        "Correct the attribute, or write a right column: `counterpoise adopt`."
    ),
    "refuses it, since neither name nor attribute says what it is": (
        "Write the column with its attribute: `counterpoise adopt`."
    ),
    (
        "<name>: <unknown intervals> of <intervals> intervals are on chromosomes that the "
        "map does not have (<names, ...>, ...)"
    ): (
        "If the names are written otherwise (`1` and `chr1`), rename those of the BED file; "
        "chromosomes that the map leaves out on purpose need nothing."
    ),
    "a disk is full: <error>": (
        "Free space, or set TMPDIR to a folder on a larger disk, and run again."
    ),
    "Wrote <path>: <names>. <number> of <number> results are not written (<missing>), since they "
    "are not balanced, and earlier columns were removed. <unfit> of <number> verdicts are "
    '"not for use".': ("Read the verdicts above: each says why."),
    "<file> <name> is left out. <doubt>": (
        "Nothing, or write the column in a known convention: `counterpoise adopt`."
    ),
    "not a dictionary: <value>": "Let Snakemake call the script, which passes a dictionary.",
    "<name>: the setting '<key>' is missing.": (
        "Let Snakemake call the script, which passes all settings."
    ),
    "has not run": "Look at the first error of the workflow: a job before this one failed.",
    "MLflow not logged yet, the next run tries again: <reason>": (
        "Nothing, or start the server and run again."
    ),
    "<names> could not be stored: <error>": (
        "Look at the space and permissions of the server's files; the next run tries again."
    ),
}

# What to do about an argument of another type or size, with which these messages end.
OTHER_TYPE = re.compile("; (this is|this has|these are) [<']")
PASS_ANOTHER = "Pass what the message names."

# What to do about messages of a kind.
KINDS = {"MissingExtraError": "Run one of the two commands."}

STATUSES = {
    Status.CONVERGED: "Look at the fitness.",
    Status.COMPUTED: "Look at the fitness. For equal row sums use `kr` or `ice`.",
    Status.EMPTY: "If the part should have contacts, look at the mask: `reason` of the bins, and "
    "the filters.",
    Status.NOT_CONVERGED: "Allow more iterations, or use `kr`.",
    Status.FAILED: "Do what the reason says ([an example](../guides/troubleshooting.md#failed)).",
}
CAUSES = {
    Cause.EMPTY: ("No bin is left to balance.", "Look at the mask."),
    Cause.NO_SUPPORT: (
        "No weights make all row sums equal: some bins have too few partners.",
        "What the reason begins with: larger bins, or the few bins that are to be isolated.",
    ),
    Cause.NO_TOTAL_SUPPORT: (
        "Row sums become equal only in a limit in which contacts vanish.",
        "What the reason begins with: larger bins, or the few bins that are to be isolated.",
    ),
    Cause.DISCONNECTED: (
        "The map falls into components without a contact between them.",
        "What the reason begins with, such as `kr`, which balances most such maps.",
    ),
    Cause.DIVERGED: (
        "Weights went to zero or infinity.",
        "`on_failure: drop`, or larger bins if that was set.",
    ),
    Cause.LIMIT: ("The limit of iterations was reached.", "Allow more, or use `kr`."),
}

BINS = ("chr2:25,300,000-25,310,000", "chr2:25,310,000-25,320,000")
HALF = f.NoSupport(2, BINS, 1)


@dataclass(frozen=True)
class FactNote:
    """Examples of a fact, and what to do."""

    examples: tuple[f.Fact, ...]
    do: str


NOTHING = "Nothing."
MASKED = f.Masked("min_nnz", 2450, 300)
FACTS = {
    f.Empty: FactNote(
        (
            f.Empty(0, f.EmptyCause.MASKED, 2450, (MASKED,)),
            f.Empty(214, f.EmptyCause.MASKED, 2450, (f.Masked("min_nnz", 2236, 300),)),
            f.Empty(1, f.EmptyCause.MASKED, 2450),
            f.Empty(0, f.EmptyCause.MASKED, 2450, (f.Masked(f.UNCOUNTED, 2450, 2),)),
            f.Empty(0, f.EmptyCause.MASKED, 40, (f.Masked(f.UNCOUNTED, 40, None),)),
            f.Empty(0, f.EmptyCause.IN_REGIONS),
            f.Empty(0, f.EmptyCause.ON_DIAGONALS, ignored=2),
            f.Empty(214, f.EmptyCause.ONE_CHROMOSOME),
            f.Empty(214, f.EmptyCause.NO_TRANS),
            f.Empty(214, f.EmptyCause.NO_CIS),
            f.Empty(0, f.EmptyCause.NO_CONTACTS),
            f.Empty(0),
            f.Empty(1),
            f.Empty(214),
        ),
        "What the reason says. If it names no cause, look at the mask, the scope and "
        "`ignore_diags`. On a sparse map, larger bins help more than looser filters.",
    ),
    f.NoSupport: FactNote(
        (HALF,),
        "What the reason begins with: it depends on how many bins stand in the way.",
    ),
    f.NoTotalSupport: FactNote((f.NoTotalSupport(1, BINS[:1], 1, 3),), "As above."),
    f.Disconnected: FactNote(
        (f.Disconnected(3),),
        "What the reason begins with, or balance each chromosome (`scope: cis`).",
    ),
    f.DominantChromosome: FactNote(
        (f.DominantChromosome("chr1", 300, 500), f.DominantChromosome("chr1", 300, 600)),
        "Use the scope `cis` or `genome`.",
    ),
    f.Balanceable: FactNote(
        (f.Balanceable(),), "The map itself is no obstacle: allow more iterations, or use `kr`."
    ),
    f.ExistenceUnknown: FactNote(
        (f.ExistenceUnknown(),), "What the reason begins with."
    ),
    f.NotExamined: FactNote(
        (f.NotExamined(5_000_000),),
        "Balance a coarser level, on which the cause is found.",
    ),
    f.LimitReached: FactNote(
        (f.LimitReached(200, f.Unit.ITERATIONS), f.LimitReached(3000, f.Unit.PRODUCTS)),
        "Raise the limit of the method, or use `kr`.",
    ),
    f.DeviationLeft: FactNote(
        (f.DeviationLeft(0.083), f.DeviationLeft(0.012, smoothed=True)),
        "0.083 is 8.3 %. Compare it with the standard errors of the weights.",
    ),
    f.CloseEnough: FactNote((f.CloseEnough(2.2e-8, f.Measure.NORM, 1e-8, 0.045),), NOTHING),
    f.Diverged: FactNote(
        (f.Diverged(), f.Diverged(57)), "`on_failure: drop`, or larger bins if that was set."
    ),
    f.LargeSpan: FactNote((f.LargeSpan(1e12),), "As above."),
    f.Stalled: FactNote((f.Stalled(14),), "Use larger bins."),
    f.WouldNotSettle: FactNote(
        (f.WouldNotSettle(False, 10), f.WouldNotSettle(True, 10)),
        "Use larger bins, or another method.",
    ),
    f.SettledUnequal: FactNote((f.SettledUnequal(0.1),), "Use larger bins, or another method."),
    f.LargerBins: FactNote(
        (f.LargerBins(5, 50_000.0), f.LargerBins(5, None)),
        "Balance bins of this size. It is an estimate from the contacts of a bin: if they are not "
        "yet fit for use, the next size is.",
    ),
    f.Remedies: FactNote(
        (
            f.Remedies((f.Remedy.ISOLATE, f.Remedy.LARGER_BINS), f.LargerBins(2, 20_000.0)),
            f.Remedies(
                (f.Remedy.RAISE_LIMIT, f.Remedy.KEEP_DIAGONALS, f.Remedy.LARGER_BINS),
                f.LargerBins(2, 20_000.0),
                isolate_limit=0.06,
            ),
            f.Remedies((f.Remedy.LARGER_BINS, f.Remedy.USE_KDE_EB), f.LargerBins(5, 50_000.0)),
            f.Remedies((f.Remedy.MORE_CONTACTS, f.Remedy.USE_KDE_EB)),
            f.Remedies((f.Remedy.LEAVE_OUT, f.Remedy.USE_KDE_EB)),
            f.Remedies((f.Remedy.DROP, f.Remedy.LARGER_BINS), f.LargerBins(2, 20_000.0)),
            f.Remedies(
                (f.Remedy.MORE_ITERATIONS, f.Remedy.USE_KR), iteration_setting="max_iterations"
            ),
            f.Remedies((f.Remedy.MORE_ITERATIONS,), iteration_setting="max_products"),
            f.Remedies((f.Remedy.DROP, f.Remedy.CHECK_COPY_NUMBERS)),
        ),
        "Any one of them may be enough. `ignore_diags: 0` keeps the diagonals, and `chromosomes` "
        "leaves one out. Commands name options instead: `--on-failure isolate`, `-m kr`, "
        "`--blacklist` for a chromosome.",
    ),
    f.Masked: FactNote(
        (MASKED, f.Masked("blacklist", 40, None), f.Masked(f.UNCOUNTED, 12, None)),
        "Loosen this filter, if it removes good bins.",
    ),
    f.FewPartners: FactNote((f.FewPartners(12, 5),), "Nothing: these bins have no weight."),
    f.Unsettled: FactNote((f.Unsettled(4),), "Nothing: these bins have no weight."),
    f.OutOfReach: FactNote(
        (f.OutOfReach(3),), "Nothing: these bins have no weight. A wider `bandwidth` reaches more."
    ),
    f.BinsDropped: FactNote(
        (f.BinsDropped(12, 6150, BINS, (f.FewPartners(12, 5),), True),),
        "Nothing, if it is a small share.",
    ),
    f.SparsestDropped: FactNote(
        (f.SparsestDropped(62, 6150, BINS, 1, (HALF,)),), "Nothing, if it is a small share."
    ),
    f.DroppingFailed: FactNote(
        (f.DroppingFailed(5, False), f.DroppingFailed(5, True), f.DroppingFailed(0, True)),
        "What the reason begins with.",
    ),
    f.BinsIsolated: FactNote(
        (f.BinsIsolated(2, 6150, BINS, 0.00002, (HALF,)),),
        "Nothing: these bins have no weight, and all others are balanced exactly.",
    ),
    f.IsolationRefused: FactNote(
        (f.IsolationRefused(800, 6150, True, 0.01),),
        "What the reason begins with: a higher `isolate_limit` if they are few, else larger bins.",
    ),
    f.Unconnected: FactNote(
        (f.Unconnected(7),), "Nothing: with this scope these bins cannot have a weight."
    ),
    f.NotWritten: FactNote(
        (f.NotWritten(None), f.NotWritten(1e12)), "Do what the sentence before it says."
    ),
    f.FewerResampled: FactNote(
        (f.FewerResampled(14, 20),),
        "Take the errors as rough: resampled maps that fail are those with the most noise.",
    ),
    f.ScoredBandwidth: FactNote((f.ScoredBandwidth(20_000, 0.0123, 0.0004),), NOTHING),
    f.BandwidthChosen: FactNote(
        (
            f.BandwidthChosen(
                40_000,
                "unevenness",
                0.0005,
                0.0001,
                (f.ScoredBandwidth(20_000, 0.0008, 0.0001),),
                f.SearchNote.NONE,
            ),
            f.BandwidthChosen(
                40_000,
                "unevenness",
                -0.0002,
                0.0,
                (f.ScoredBandwidth(20_000, 0.0008, 0.0001),),
                f.SearchNote.NONE,
            ),
            *(
                f.BandwidthChosen(0, "deviance", 1.23, 0.02, (), note)
                for note in (f.SearchNote.NO_SMOOTHING, f.SearchNote.WIDER_REJECTED)
            ),
            *(
                f.BandwidthChosen(250_000, "deviance", 1.23, 0.02, (), note)
                for note in (f.SearchNote.WIDEST, f.SearchNote.NARROWER_REJECTED)
            ),
            f.BandwidthChosen(
                250_000, "deviance", None, None, (), f.SearchNote.NONE, "one half has no contacts"
            ),
        ),
        "Nothing. If none could be scored, the map has too few contacts for these bins.",
    ),
    f.FewWeights: FactNote(
        (
            f.FewWeights(2990, 6150, 0.5),
            f.FewWeights(2990, 6150, 0.5, (MASKED, f.Masked("mad_max", 710, 5))),
            f.FewWeights(0, 6150, 0.5),
            f.FewWeights(0, 0, 0.5),
        ),
        "Use larger bins, or a looser mask if it removes good bins.",
    ),
    f.LargeErrors: FactNote(
        (f.LargeErrors(0.35, 0.3),),
        "The map is too sparse for these bins: use larger ones. A note says how large.",
    ),
    f.ErrorsUnknown: FactNote(
        (f.ErrorsUnknown(f.UnknownErrors.NO_ERRORS), f.ErrorsUnknown(f.UnknownErrors.NOT_COUNTS)),
        "Set `bootstrap: 20`; give the raw map if its values are not counts.",
    ),
    f.UnevenRowSums: FactNote(
        (f.UnevenRowSums(0.081, 0.05),), "Allow more iterations, or use `kr`."
    ),
    f.UnevenContacts: FactNote(
        (
            f.UnevenContacts(0.09, 0.001, 0.2),
            f.UnevenContacts(-0.01, 0.03, 0.2),
            f.UnevenContacts(-0.06, 0.003, 0.2),
            f.UnevenContacts(-0.06, 0.003, 0.2, has_prior=True),
        ),
        "Use larger bins if most bins have few contacts, or mask the few that have hardly any. A "
        "prior must not hold contacts of the map.",
    ),
    f.NotEqualised: FactNote(
        (f.NotEqualised("vc", 0.301, 0.2),), "Use `kr` or `ice`, which make row sums equal."
    ),
    f.PartsUnfit: FactNote(
        (f.PartsUnfit(("chrM", "chrY"), 25, 0.02, 0.01),),
        "Leave these chromosomes out of the analysis, or do what the reason says about them.",
    ),
    f.Shallow: FactNote(
        (
            f.Shallow(12_000, 410_000, 12, "", 0.2),
            f.Shallow(12_000, 410_000, 4, "treated", 0.2),
            f.Shallow(12_000, 410_000, 1, "", 0.2),
        ),
        "Use larger bins for this sample, sequence it deeper, or leave it out.",
    ),
    f.Concentrated: FactNote(
        (f.Concentrated(1339, 26_766, 0.63),),
        "Name the [captured regions](../how-it-works/masks.md#captured-regions), or do not "
        "balance.",
    ),
}  # fmt: skip
FACT_SECTIONS = {
    "Why a part is not balanced": failures,
    "Bins without a weight": bins,
    "Standard errors and bandwidths": bandwidths,
    "Why weights are not fit for use": fitness,
    "The map as a whole": runs,
}


def facts_of(module: ModuleType) -> list[type[f.Fact]]:
    """Return the kinds of fact that a module defines, in its order."""
    return [kind for kind in f.Fact.kinds.values() if kind.__module__ == module.__name__]

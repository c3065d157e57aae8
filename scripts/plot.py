"""Draw the QC plot of one sample, resolution and method."""

import pyarrow.parquet as pq

from counterpoise.jobs.command import add_map, add_run, parser, run
from counterpoise.report.run.plot import plot_run
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import MapFiles, RunFiles
from counterpoise.store.pixels import open_map
from counterpoise.store.weights import read_errors, read_searches, read_verdict, read_weights


def main() -> None:
    arguments = parser(__doc__, "mask", "output")
    add_map(arguments)
    add_run(arguments)
    arguments.add_argument("--sample", help="name for the title; default: the source file's")
    arguments.add_argument("--bandwidth", nargs="*", help="what a search found, if one was made")
    args = arguments.parse_args()
    files = RunFiles(*args.run)
    plot_run(
        open_map(MapFiles(*args.map)),
        read_mask(args.mask),
        read_weights(files.weights),
        read_errors(files.weights),
        pq.read_table(files.trace),
        read_verdict(files.verdict),
        args.output,
        max_pixels=args.settings["max_pixels"],
        dpi=args.settings["dpi"],
        sample=args.sample,
        searches=[found for path in args.bandwidth or [] for found in read_searches(path)],
    )


run(main)

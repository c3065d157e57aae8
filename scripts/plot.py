"""Draw the QC plot of one sample, resolution and method."""

import pyarrow.parquet as pq

from counterpoise.jobs.command import parser, run
from counterpoise.report.run.plot import plot_run
from counterpoise.store.masks import read_mask
from counterpoise.store.pixels import open_triples
from counterpoise.store.weights import read_errors, read_searches, read_verdict, read_weights


def main() -> None:
    inputs = ("pixels", "bins", "source")
    arguments = parser(__doc__, *inputs, "mask", "weights", "trace", "verdict", "output")
    arguments.add_argument("--sample", help="name for the title; default: the source file's")
    arguments.add_argument("--bandwidth", nargs="*", help="what a search found, if one was made")
    args = arguments.parse_args()
    plot_run(
        open_triples({key: getattr(args, key) for key in inputs}),
        read_mask(args.mask),
        read_weights(args.weights),
        read_errors(args.weights),
        pq.read_table(args.trace),
        read_verdict(args.verdict),
        args.output,
        max_pixels=args.settings["max_pixels"],
        dpi=args.settings["dpi"],
        sample=args.sample,
        searches=[found for path in args.bandwidth or [] for found in read_searches(path)],
    )


run(main)

"""Write one map of the demo cohort: the yeast map as .cool or .hic, or the simulated one."""

from pathlib import Path

from counterpoise.files import replacing
from counterpoise.ingest.demo import simulate, write_cool, write_hic, yeast
from counterpoise.jobs.command import parser, run


def main() -> None:
    arguments = parser(__doc__, "output")
    arguments.add_argument("--matrix")
    arguments.add_argument("--bed")
    args = arguments.parse_args()
    if args.matrix:
        bins, pixels = yeast(args.matrix, args.bed)
        assembly = "sacCer"
    else:
        bins, pixels = simulate(args.settings["chromosomes"], args.settings["contacts"])
        assembly = "simulated"
    write = write_hic if Path(args.output).suffix == ".hic" else write_cool
    with replacing(args.output) as temporary:
        write(temporary, bins, pixels, assembly)


run(main)

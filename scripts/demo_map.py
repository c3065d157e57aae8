"""Write one map of the demo cohort: the yeast map as .cool or .hic, or the simulated one."""

from pathlib import Path

from counterpoise.files import atomic_write
from counterpoise.ingest.demo_maps import read_yeast_map, simulate_map, write_cool, write_hic
from counterpoise.jobs.command import parser, run


def main() -> None:
    arguments = parser(__doc__, "output")
    arguments.add_argument("--matrix")
    arguments.add_argument("--bed")
    args = arguments.parse_args()
    if args.matrix:
        bins, pixels = read_yeast_map(args.matrix, args.bed)
        assembly = "sacCer"
    else:
        bins, pixels = simulate_map(args.settings["chromosomes"], args.settings["contacts"])
        assembly = "simulated"
    write = write_hic if Path(args.output).suffix == ".hic" else write_cool
    with atomic_write(args.output) as temporary:
        write(temporary, bins, pixels, assembly)


run(main)

"""Write a sample's balanced .mcool from its maps and weights."""

from counterpoise.jobs.command import parser, result_paths, run
from counterpoise.store.mcool import write_mcool


def main() -> None:
    args = parser(__doc__, "sample", "output").parse_args()
    settings = args.settings
    write_mcool(
        result_paths(args),
        args.sample,
        settings["resolutions"],
        settings["columns"],
        settings["primary"],
        args.output,
        settings["assembly"],
    )


run(main)

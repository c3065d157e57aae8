"""Write a sample's balanced .mcool from its triples and weights."""

from counterpoise.export import write_mcool
from counterpoise.layout import Layout
from counterpoise.script import parser, run


def main() -> None:
    args = parser(__doc__, "sample", "output").parse_args()
    settings = args.settings
    write_mcool(
        Layout(settings["cohort"], args.root),
        args.sample,
        settings["resolutions"],
        settings["columns"],
        settings["primary"],
        args.output,
        settings["assembly"],
    )


run(main)

"""Draw a cohort's samples side by side at one resolution, from <root>/<cohort>/."""

from counterpoise.jobs.command import parser, result_paths, run
from counterpoise.report.comparison.plot import plot_comparison
from counterpoise.report.comparison.samples import read_sample


def main() -> None:
    arguments = parser(__doc__, "output")
    arguments.add_argument("--resolution", type=int, required=True, help="base pairs")
    args = arguments.parse_args()
    settings = args.settings
    samples = [
        read_sample(result_paths(args), name, about, args.resolution, settings["methods"])
        for name, about in settings["samples"].items()
    ]
    plot_comparison(samples, settings["primary"], args.resolution, args.output, settings["dpi"])


run(main)

"""Write a cohort's summary.tsv and report.html from the results under <root>/<cohort>/.

Runs without a result are told with the reason.
"""

from counterpoise.jobs.command import parser, result_paths, run
from counterpoise.report.page import write_report
from counterpoise.report.summary import write_summary
from counterpoise.store.paths import combinations


def main() -> None:
    args = parser(__doc__, "summary", "report").parse_args()
    place, runs = result_paths(args), combinations(args.settings)
    write_summary(place, runs, args.summary, args.settings)
    write_report(place, runs, args.report, args.settings)


run(main)

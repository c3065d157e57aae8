"""Write a cohort's summary.tsv and report.html from the results under <root>/<cohort>/."""

from counterpoise.layout import Layout, combinations
from counterpoise.report import write_report, write_summary
from counterpoise.script import parser, run


def main() -> None:
    args = parser(__doc__, "summary", "report").parse_args()
    layout, runs = Layout(args.settings["cohort"], args.root), combinations(args.settings)
    write_summary(layout, runs, args.summary)
    write_report(layout, runs, args.report)


run(main)

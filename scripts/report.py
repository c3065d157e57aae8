"""Write a cohort's summary.tsv and report.html from the results under <root>/<cohort>/.

Runs without a result are told with the reason.
"""

from counterpoise.layout import combinations
from counterpoise.report import write_report, write_summary
from counterpoise.script import layout, outdated_at_once, parser, run, say


def main() -> None:
    arguments = parser(__doc__, "summary", "report")
    arguments.add_argument("--so-far", action="store_true", help="after a run that failed")
    args = arguments.parse_args()
    place, runs = layout(args), combinations(args.settings)
    write_summary(place, runs, args.summary)
    write_report(place, runs, args.report)
    if args.so_far:
        outdated_at_once(args.summary, args.report)
        say(f"{args.report} has what there is so far, and says of every other run what it lacks")


run(main)

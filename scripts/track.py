"""Log a cohort's results to MLflow, and write what came of it.

Ends well even where MLflow could not be reached; the output then says ``pending``.
"""

from counterpoise.files import write_json
from counterpoise.layout import combinations
from counterpoise.outstanding import why_missing
from counterpoise.script import layout, outdated_at_once, parser, run
from counterpoise.tracking import log_cohort


def main() -> None:
    arguments = parser(__doc__, "output")
    arguments.add_argument("--so-far", action="store_true", help="only runs that have a result")
    args = arguments.parse_args()
    place, runs = layout(args), combinations(args.settings)
    if args.so_far:
        runs = [row for row in runs if not why_missing(place, row)]
    record = log_cohort(place, runs, args.settings)
    write_json(args.output, record)
    if args.so_far:
        outdated_at_once(args.output)
    print(
        f"MLflow: {record['status']}, {len(record['runs'])} runs, {record['page'] or record['uri']}"
    )


run(main)

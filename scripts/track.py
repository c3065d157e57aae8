"""Log a cohort's results to MLflow, and write what came of it.

Ends well even where MLflow could not be reached; the output then says ``pending``.
"""

from counterpoise.files import write_json
from counterpoise.jobs.command import parser, result_paths, run
from counterpoise.store.paths import combinations
from counterpoise.tracking.log import log_cohort


def main() -> None:
    args = parser(__doc__, "output").parse_args()
    record = log_cohort(result_paths(args), combinations(args.settings), args.settings)
    write_json(args.output, record)
    print(
        f"MLflow: {record['status']}, {len(record['runs'])} runs, {record['page'] or record['uri']}"
    )


run(main)

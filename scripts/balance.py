"""Balance one map with one method."""

from counterpoise.balancing.api import balance
from counterpoise.contacts.selection import Scope
from counterpoise.jobs.command import add_map, add_memory, add_run, parser, run
from counterpoise.jobs.memory import open_map_within
from counterpoise.process import say
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import MapFiles, RunFiles
from counterpoise.store.weights import read_searches, write_balance


def main() -> None:
    arguments = parser(__doc__, "mask")
    add_map(arguments)
    add_run(arguments)
    arguments.add_argument("--threads", type=int)
    add_memory(arguments)
    arguments.add_argument("--bandwidth", nargs="*", help="what a search found, if one was made")
    args = arguments.parse_args()
    scope = Scope(args.settings.get("scope", Scope.CIS))
    drawing = args.settings.get("bootstrap", 0) > 0
    contacts = open_map_within(
        MapFiles(*args.map), args.memory_mb, say, scope, args.threads, drawing
    )
    kept, summary = read_mask(args.mask)
    settings = {key: value for key, value in args.settings.items() if key != "revision"}
    result = balance(
        contacts,
        mask=kept,
        mask_record=summary,
        searches=read_searches(args.bandwidth[0]) if args.bandwidth else None,
        threads=args.threads,
        progress=say,
        **settings,
    )
    write_balance(result, contacts.bins, RunFiles(*args.run))


run(main)

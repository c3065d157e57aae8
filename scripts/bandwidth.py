"""Choose the bandwidth of a kernel method on one map, for each chromosome by itself."""

from counterpoise.balancing.api import select_bandwidth
from counterpoise.contacts.selection import Scope
from counterpoise.jobs.command import add_map, add_memory, parser, run
from counterpoise.jobs.memory import open_map_within
from counterpoise.process import say
from counterpoise.store.masks import read_mask
from counterpoise.store.paths import MapFiles
from counterpoise.store.weights import write_searches


def main() -> None:
    arguments = parser(__doc__, "mask", "output")
    add_map(arguments)
    arguments.add_argument("--threads", type=int)
    add_memory(arguments)
    args = arguments.parse_args()
    settings = {
        key: value for key, value in args.settings.items() if key not in ("revision", "name")
    }
    scope = Scope(settings["scope"])
    contacts = open_map_within(
        MapFiles(*args.map), args.memory_mb, say, scope, args.threads, drawing=True
    )
    kept, _ = read_mask(args.mask)
    found = select_bandwidth(contacts, mask=kept, threads=args.threads, progress=say, **settings)
    write_searches(found, args.output)


run(main)

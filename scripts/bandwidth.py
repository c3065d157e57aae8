"""Choose the bandwidth of a kernel method on one map, for each chromosome by itself."""

from counterpoise.balancing.api import select_bandwidth
from counterpoise.contacts.selection import Scope
from counterpoise.jobs.command import add_memory, parser, run
from counterpoise.jobs.memory import triples_within
from counterpoise.process import say
from counterpoise.store.masks import read_mask
from counterpoise.store.weights import write_searches


def main() -> None:
    inputs = ("pixels", "bins", "source")
    arguments = parser(__doc__, *inputs, "mask", "output")
    arguments.add_argument("--threads", type=int)
    add_memory(arguments)
    args = arguments.parse_args()
    paths = {key: getattr(args, key) for key in inputs}
    settings = {
        key: value for key, value in args.settings.items() if key not in ("revision", "name")
    }
    scope = Scope(settings["scope"])
    contacts = triples_within(paths, args.memory_mb, say, scope, args.threads, drawing=True)
    kept, _ = read_mask(args.mask)
    found = select_bandwidth(contacts, mask=kept, threads=args.threads, progress=say, **settings)
    write_searches(found, args.output)


run(main)

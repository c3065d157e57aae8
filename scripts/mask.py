"""Filter the bins of one map."""

from counterpoise.jobs.command import add_map, parser, run
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.process import say
from counterpoise.store.masks import write_mask
from counterpoise.store.paths import MapFiles
from counterpoise.store.pixels import open_map


def main() -> None:
    arguments = parser(__doc__, "output")
    add_map(arguments)
    args = arguments.parse_args()
    contacts = open_map(MapFiles(*args.map))
    settings = {key: value for key, value in args.settings.items() if key != "revision"}
    mask = mask_bins(contacts, MaskSettings(**settings))
    write_mask(args.output, mask, contacts.bins)
    say(", ".join(f"{count:,} {reason}" for reason, count in mask.counts().items()))


run(main)

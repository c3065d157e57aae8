"""Filter the bins of one map."""

from counterpoise.jobs.command import parser, run
from counterpoise.mask import MaskSettings, mask_bins
from counterpoise.process import say
from counterpoise.store.masks import write_mask
from counterpoise.store.pixels import open_triples


def main() -> None:
    args = parser(__doc__, "pixels", "bins", "source", "output").parse_args()
    contacts = open_triples({"pixels": args.pixels, "bins": args.bins, "source": args.source})
    settings = {key: value for key, value in args.settings.items() if key != "revision"}
    mask = mask_bins(contacts, MaskSettings(**settings))
    write_mask(args.output, mask, contacts.bins)
    say(", ".join(f"{count:,} {reason}" for reason, count in mask.counts().items()))


run(main)

"""Balance one map with one method."""

from counterpoise.balancing import balance
from counterpoise.mask import read_mask
from counterpoise.results import write_balance
from counterpoise.script import parser, run, say
from counterpoise.triples import read_triples


def main() -> None:
    inputs, outputs = ("pixels", "bins", "source"), ("weights", "trace", "verdict")
    arguments = parser(__doc__, *inputs, "mask", *outputs)
    arguments.add_argument("--threads", type=int)
    args = arguments.parse_args()
    contacts = read_triples({key: getattr(args, key) for key in inputs})
    kept, summary = read_mask(args.mask)
    settings = {key: value for key, value in args.settings.items() if key != "version"}
    result = balance(
        contacts, mask=kept, mask_record=summary, threads=args.threads, progress=say, **settings
    )
    write_balance(result, contacts.bins, {key: getattr(args, key) for key in outputs})


run(main)

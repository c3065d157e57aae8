"""The table of readers says what cooler and hictk really do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd
import pytest

from counterpoise.columns.readers import READERS, Convention

NAMES = ("weight", "KR", "VC", "VC_SQRT", "SCALE", "GW_KR", "INTER_VC", "ICE", "GW_ICE", "KDE")
STATED = (None, True, False)
CONVENTIONS = {25.0: Convention.DIVISIVE, 400.0: Convention.MULTIPLICATIVE, None: None}
# In another process, since hictkpy keeps a core busy as long as it is imported.
HICTK = """
import json, sys
import hictkpy
path, *names = sys.argv[1:]
file, found = hictkpy.File(path, 10), {}
for name in names:
    try:
        pixels = file.fetch("a", normalization=name, count_type="float64").to_numpy()
        found[name] = float(pixels.max())
    except RuntimeError:
        found[name] = None
print(json.dumps(found))
"""


@pytest.mark.parametrize("stated", STATED)
def test_as_the_programs_read(stated: bool | None, tmp_path: Path) -> None:
    path = str(tmp_path / "map.cool")
    bins = cooler.binnify(pd.Series({"a": 100}), 10)
    pixels = pd.DataFrame({"bin1_id": [0], "bin2_id": [1], "count": [100]})
    cooler.create_cooler(path, bins, pixels)
    attributes = {} if stated is None else {"divisive_weights": stated}
    with h5py.File(path, "a") as file:
        for name in NAMES:
            file[f"bins/{name}"] = np.full(10, 2.0)
            file[f"bins/{name}"].attrs.update(attributes)
    command = [sys.executable, "-c", HICTK, path, *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with_hictk = json.loads(done.stdout)
    for name in NAMES:
        with_cooler = cooler.Cooler(path).matrix(balance=name)[:].max()
        assert CONVENTIONS[with_cooler] == READERS["cooler"](name, attributes), name
        assert CONVENTIONS[with_hictk[name]] == READERS["hictk"](name, attributes), name

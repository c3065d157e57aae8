# %% [markdown]
# # Balancing a five-bin map: KR, ICE, VC and VC_SQRT
#
# This repeats the "KR and ICE balancing" tutorial of the package gunz_cm with Counterpoise on the
# same map, and explains where the two differ and why. Open it as a notebook (jupytext, VS Code), or
# run `python docs/tutorials/five_bins.py [plot.png]`. The cell below each text computes and prints
# the results that the text mentions.

# %%
import sys
import tempfile
import warnings
from pathlib import Path

import cooler
import numpy as np
import pandas as pd
import scipy.sparse as sp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

import counterpoise as cp

np.set_printoptions(precision=5, suppress=True, linewidth=100)


# %% [markdown]
# ## Results of the original tutorial
#
# These are compared with ours below.

# %%
PRINTED_KR_WEIGHTS = np.array([1e-10, 1e-10, 5.743257e-03, 2.297304e-03, 5.743257e-03])
PRINTED_KR_ROW_SUMS = np.array([0, 0, 0.005278, 0.002111, 0.005278])
PRINTED_ICE = np.array(
    [
        [328.45, 170.77, 99.79, 62.19, 43.93],
        [170.77, 242.14, 140.99, 88.99, 62.24],
        [99.79, 140.99, 225.52, 140.54, 98.29],
        [62.19, 88.99, 140.54, 243.27, 170.14],
        [43.93, 62.24, 98.29, 170.14, 330.53],
    ]
)

# %% [markdown]
# ## The map
#
# The map is one chromosome of five bins of 1 Mb. Contacts decrease exponentially with distance, and
# the first two bins are observed three times too often. A cooler stores integer counts by default,
# so the map that is read back is the formula rounded down. The original tutorial used this map too.

# %%
RESOLUTION, DECAY, BIAS = 1_000_000, 2_000_000.0, 3.0
folder = Path(tempfile.mkdtemp(prefix="counterpoise_tutorial_"))
path = folder / "biased.cool"

starts = np.arange(5) * RESOLUTION
bins = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + RESOLUTION})
true_bias = np.where(np.arange(5) < 2, BIAS, 1.0)
bin1, bin2 = np.triu_indices(5)
formula = 100.0 * np.exp(-(starts[bin2] - starts[bin1]) / DECAY) * true_bias[bin1] * true_bias[bin2]
cooler.create_cooler(
    str(path), bins, pd.DataFrame({"bin1_id": bin1, "bin2_id": bin2, "count": formula})
)

contacts = cp.read_contacts(path)
raw = contacts.full_matrix()
dense = raw.toarray()
n = len(dense)
print("raw map:", dense, f"row sums: {dense.sum(axis=1)}", sep="\n")
print(f"largest difference from the formula: {np.max(formula - dense[bin1, bin2]):.3f}")

# %% [markdown]
# ## KR
#
# Knight-Ruiz finds weights $d > 0$ with $d_i \sum_j A_{ij} d_j = 1$ for every bin. `kr_normalize`
# takes any scipy sparse matrix and returns the balanced matrix and $d$.

# %%
kr_matrix, kr_weights = cp.kr_normalize(raw, max_iter=500, tolerance=1e-10)
kr = kr_matrix.toarray()
print("KR weights:", kr_weights)
print("balanced map:", kr, sep="\n")
print("row sums:", kr.sum(axis=1))
print(f"largest deviation of a row sum from one: {np.abs(kr.sum(axis=1) - 1).max():.1e}")
ratio = kr_weights[2:].mean() / kr_weights[:2].mean()
print(f"the biased bins' weights are smaller {ratio:.2f} times; their bias is {BIAS:g}")

# %% [markdown]
# ### Why the KR of the original tutorial differs
#
# Its row sums are neither one nor equal. The first two are zero: two bins with data were erased
# instead of corrected.
#
# The reason is its update, $d \leftarrow d \sqrt{n / (A d)}$. This has a fixed point where
# $(A d)_i = n$, a *linear* condition, or where $d_i$ is zero, while balancing requires
# $d_i (A d)_i = 1$. The true solution is not a fixed point of the update at any scale. The update
# converges to the printed result: $A d$ is constant on the last three bins, and the others are zero
# (the printed 1e-10 is a floor).

# %%
print("printed row sums:            ", PRINTED_KR_ROW_SUMS)
print("the same, from its weights:  ", PRINTED_KR_WEIGHTS * (dense @ PRINTED_KR_WEIGHTS))
print("A d at the printed weights:", dense @ PRINTED_KR_WEIGHTS)
print("A d at the balancing weights:", dense @ kr_weights)


def printed_step(d: np.ndarray) -> np.ndarray:
    """Update the weights as the original tutorial does."""
    return d * np.sqrt(n / (dense @ d))


moved = printed_step(kr_weights)
print("one printed step from the solution multiplies the weights by", moved / kr_weights)
reached = np.ones(n)
for _ in range(500):
    reached = printed_step(reached)
printed_shape = PRINTED_KR_WEIGHTS / PRINTED_KR_WEIGHTS.max()
print("reached in 500 printed steps, largest set to one:", reached / reached.max())
print("the printed weights, largest set to one:         ", printed_shape)

# %% [markdown]
# With $d$ itself under the root, $d \leftarrow \sqrt{d / (A d)}$, the update has the right fixed
# point. This is symmetric Sinkhorn-Knopp, which converges to the weights of KR, but it is not KR.
# KR solves the equations by Newton's method with conjugate gradients in each step, and its cost is
# the number of products $A x$. The "$O(\sqrt{n})$ iterations" of the original tutorial do not
# describe that: the number of products hardly changes with the size of the map.

# %%
d = np.ones(n)
sinkhorn_steps = 0
while np.abs(d * (dense @ d) - 1).max() > 1e-10:
    d = np.sqrt(d / (dense @ d))
    sinkhorn_steps += 1
print(f"symmetric Sinkhorn-Knopp: {sinkhorn_steps} steps, one product each; {d}")
print(f"largest relative difference from KR: {np.abs(d / kr_weights - 1).max():.1e}")

rng = np.random.default_rng(0)
kr_products = {}
for size in (100, 400, 1600):
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    bias = np.exp(rng.normal(0, 0.5, size))
    upper = np.triu(rng.poisson(1000 * np.outer(bias, bias) / (distance + 1)))
    larger = cp.balance(upper + np.triu(upper, 1).T, "kr")
    kr_products[size] = larger.matvecs
    print(f"{size} bins (square root {size**0.5:.0f}): {larger.matvecs} products, {larger.status}")

# %% [markdown]
# ## ICE
#
# Iterative correction divides by the row sums repeatedly until they are equal. If an exact
# balancing exists, it is unique up to a factor, so ICE and KR agree. They differ in the iteration,
# the stopping criterion and the scale.
#
# According to its signature, the original tutorial scales row sums to the total over the number of
# bins. This is the default of Counterpoise. Its *printed* result has another scale, the geometric
# mean of the raw row sums. With that target, Counterpoise reproduces its matrix.

# %%
ice = cp.ice_normalize(raw, max_iter=500, tolerance=1e-8).toarray()
print("ICE, row sums:", ice.sum(axis=1))
print(f"total over bins: {dense.sum() / n}")
geometric_mean = float(np.exp(np.log(dense.sum(axis=1)).mean()))
print(f"geometric mean of the raw row sums: {geometric_mean:.4f}")
print(f"mean of the tutorial's printed row sums: {PRINTED_ICE.sum(axis=1).mean():.4f}")
ice_printed = cp.ice_normalize(raw, max_iter=500, tolerance=1e-8, target=geometric_mean).toarray()
print("ICE to that target:", ice_printed.round(2), sep="\n")
ice_error = np.abs(ice_printed - PRINTED_ICE).max()
print(f"largest difference from the printed matrix: {ice_error:.4f}")
ice_against_kr = np.abs(ice / (kr * ice.sum(axis=1).mean()) - 1).max()
print(f"largest relative difference between ICE and KR, up to scale: {ice_against_kr:.1e}")

# %% [markdown]
# The original tutorial calls KR the default of `cooler balance`. That command runs ICE: stopped
# after three iterations, it has the weights of Counterpoise's ICE with plain steps, and not those
# of KR.
# (The filters, which are meant for genomes, are off for these five bins.)

# %%
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # three iterations are not meant to converge
    cooler_weights, _ = cooler.balance_cooler(
        cooler.Cooler(str(path)), ignore_diags=False, mad_max=0, min_nnz=0, max_iters=3
    )
early = cp.balance(raw, "ice", solver="plain", max_iterations=3, on_failure="keep")
cooler_against_ice = np.abs(cooler_weights / early.weights - 1).max()
cooler_against_kr = np.ptp(cooler_weights / kr_weights) / np.mean(cooler_weights / kr_weights)
print(f"Counterpoise after three iterations: {early.status}: {early.reason}")
print(f"cooler against ICE, largest relative difference: {cooler_against_ice:.1e}")
print(f"cooler against KR, range of the ratio over its mean: {cooler_against_kr:.1e}")

# %% [markdown]
# ## VC and VC_SQRT
#
# The original tutorial treats vanilla coverage (VC) as another name for ICE. VC is a single pass:
# it divides every contact by the row sums of both bins and restores the total. ICE continues until
# the row sums are equal; after VC they are not. VC_SQRT divides by the square roots of the row
# sums. Neither follows from the weights of KR: `np.sqrt(kr_weights)`, the one-liner of the original
# tutorial, is not proportional to the weights of VC_SQRT and does not balance. (Nor do the roots of
# ICE's weights, which are those of KR up to a factor.)

# %%
vc, vc_sqrt = (f(raw).toarray() for f in (cp.vc_normalize, cp.vc_sqrt_normalize))
vc_sqrt_weights = cp.balance(raw, "vc_sqrt").weights


def spread(values: np.ndarray) -> float:
    """Return the range over the mean: zero if all values are equal."""
    return float(np.ptp(values) / values.mean())


for name, balanced in (("raw", dense), ("VC", vc), ("VC_SQRT", vc_sqrt), ("ICE", ice), ("KR", kr)):
    sums = balanced.sum(axis=1)
    print(f"{name:8}row sums {sums}, range over mean {spread(sums):.1e}, total {sums.sum():.1f}")
one_liner = np.sqrt(kr_weights)
one_liner_sums = one_liner * (dense @ one_liner)
print(f"np.sqrt(kr_weights) over VC_SQRT's weights: {one_liner / vc_sqrt_weights}")
print(
    f"row sums with np.sqrt(kr_weights): {one_liner_sums}, range over mean "
    f"{spread(one_liner_sums):.1e}"
)

# %% [markdown]
# ## When there is no solution
#
# A row without contacts has no weight: its weight is NaN, not zero, and the row stays empty. If no
# weights can balance a map, the plain functions warn, and `balance` returns a verdict with the
# reason. In the second map below, bins 1 and 2 have contacts with bin 0 only.

# %%
with_gap = sp.block_diag([raw, [[0.0]]])
print("weights of a map with an empty last row:", cp.kr_normalize(with_gap)[1])
hopeless = np.array([[0.0, 5.0, 5.0], [5.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
verdict = cp.balance(hopeless, "kr")
print(f"{verdict.status}: {verdict.reason}")

# %% [markdown]
# ## Side by side
#
# Each map is divided by its mean row sum, so that all have the same scale.

# %%
plot = Path(sys.argv[1]) if len(sys.argv) == 2 else folder / "tutorial.png"
maps = {"raw": dense, "KR": kr, "ICE": ice, "VC": vc, "VC_SQRT": vc_sqrt}
scaled = {name: values / values.sum(axis=1).mean() for name, values in maps.items()}
low, high = (f(np.stack(list(scaled.values()))) for f in (np.min, np.max))

figure = Figure(figsize=(15, 5.6), layout="constrained")
FigureCanvasAgg(figure)
axes = figure.subplots(2, len(maps), height_ratios=(3, 1))
for column, (name, values) in enumerate(scaled.items()):
    top, bottom = axes[:, column]
    picture = top.imshow(values, norm=LogNorm(low, high), cmap="magma_r")
    top.set(title=name, xticks=range(n), yticks=range(n))
    bottom.bar(range(n), values.sum(axis=1), color="#0072B2")
    bottom.axhline(1, color="black", linewidth=0.8)
    bottom.set(xlabel="bin", xticks=range(n), ylim=(0, 2.1))
axes[0, 0].set_ylabel("bin")
axes[1, 0].set_ylabel("row sum / mean")
figure.colorbar(picture, ax=axes[0], label="contacts / mean row sum")
figure.savefig(plot, dpi=100)
print(f"plot: {plot}")

"""Build the native library; everything else is in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

FOLDER = "workflow/counterpoise/native"

setup(
    ext_modules=[
        Extension(
            "counterpoise.native._native",
            sources=[
                f"{FOLDER}/{name}.c"
                for name in ("coarsening", "packing", "product", "reading", "survey")
            ],
            depends=[str(path) for path in Path(FOLDER).glob("*.h")],
            # Without fused multiply-add, results have the same bits on every processor.
            extra_compile_args=["-O3", "-std=c11", "-D_GNU_SOURCE", "-ffp-contract=off"],
        )
    ]
)

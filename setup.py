"""Build the native library and copy the workflow into the wheel; the rest is in pyproject.toml."""

import os
import shlex
import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

NATIVE = Path("workflow/counterpoise/native")

# Without fused multiply-add, results have the same bits on every processor.
FLAGS = ["-O3", "-std=c11", "-D_GNU_SOURCE", "-ffp-contract=off", "-shared", "-fPIC"]

# The files of the workflow. A clone has them where they are; a wheel has copies in this folder of
# the package. MANIFEST.in puts the same files into the source distribution.
PACKAGED = "counterpoise/packaged"
WORKFLOW = (
    "Snakefile",
    "conf/**/*.yaml",
    "envs/*.yaml",
    "profiles/*/config.yaml",
    "scripts/*.py",
    "workflow/Snakefile",
    "workflow/rules/*.smk",
    "workflow/report/*.rst",
    "workflow/schemas/*.json",
)


class BuildLibrary(build_ext):
    """Compiles a plain C library that every version of Python loads with ctypes.

    Headers and flags of Python are not used. ``CC``, ``CFLAGS`` and ``LDFLAGS`` choose the compiler
    and add options.
    """

    def get_ext_filename(self, fullname):
        return f"{fullname.replace('.', os.sep)}.so"

    def build_extension(self, ext):
        library = Path(self.get_ext_fullpath(ext.name))
        library.parent.mkdir(parents=True, exist_ok=True)
        compiler, before, after = (
            shlex.split(os.environ.get(name, default))
            for name, default in (("CC", "cc"), ("CFLAGS", ""), ("LDFLAGS", ""))
        )
        self.spawn([*compiler, *before, *FLAGS, "-o", str(library), *ext.sources, *after])


class BuildPackage(build_py):
    """Copies the workflow next to the modules of a wheel."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        for file in (file for pattern in WORKFLOW for file in sorted(Path().glob(pattern))):
            copy = Path(self.build_lib, PACKAGED, file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


class BuildWheel(bdist_wheel):
    """Names the wheel for one platform and any version of Python."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


setup(
    cmdclass={"bdist_wheel": BuildWheel, "build_ext": BuildLibrary, "build_py": BuildPackage},
    ext_modules=[
        Extension(
            "counterpoise.native._native",
            sources=[str(path) for path in sorted(NATIVE.glob("*.c"))],
            depends=[str(path) for path in sorted(NATIVE.glob("*.h"))],
        )
    ],
)

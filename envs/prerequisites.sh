#!/bin/sh
# What pip cannot bring: Python itself, and what the kernels and hic-straw (it has no wheels) need to
# compile.
# Installs the missing packages where it may (root on Debian or Ubuntu), else names them.
set -eu
python=${1:-python3}

"$python" - <<'PY' || { echo "counterpoise needs Python 3.11, 3.12 or 3.13; say which: make PYTHON=python3.12" >&2; exit 1; }
import sys
sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PY

compiles() { # compiles HEADER [FLAG ...]
    header=$1
    shift
    printf '#include <%s>\n' "$header" | c++ "$@" -x c++ -fsyntax-only - >/dev/null 2>&1
}
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')

missing=""
{ command -v c++ && command -v cc; } >/dev/null 2>&1 || missing="$missing g++"
if [ -z "$missing" ]; then
    compiles curl/curl.h || missing="$missing libcurl4-openssl-dev"
    compiles Python.h "-I$include" || missing="$missing python3-dev"
else
    missing="$missing libcurl4-openssl-dev python3-dev"
fi
"$python" -c 'import ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what must be there to compile:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # the names are separate words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
    exit 0
fi
cat >&2 <<TEXT
counterpoise cannot be set up yet: its kernels and hic-straw, a reader of .hic files, are compiled at
set-up, which takes a C and C++ compiler, Python's headers and libcurl's headers. Missing:$missing
  Debian, Ubuntu:  sudo apt-get install$missing
  Fedora, RHEL:    sudo dnf install gcc-c++ libcurl-devel python3-devel
  macOS:           xcode-select --install
  conda:           conda install -c conda-forge cxx-compiler libcurl
TEXT
exit 1

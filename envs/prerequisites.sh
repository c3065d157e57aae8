#!/bin/sh
# Check what pip cannot install: Python, and the compilers and headers for the native code and
# hic-straw (which has no wheels). Install missing packages as root on Debian or Ubuntu; otherwise
# list them and fail.
set -eu
python=${1:-python3}

"$python" - <<'PY' || { echo "counterpoise needs Python 3.11, 3.12 or 3.13; choose one with: make PYTHON=python3.12" >&2; exit 1; }
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
    echo "Installing packages needed to compile:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # the names are separate words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
    exit 0
fi
cat >&2 <<TEXT
counterpoise cannot be set up yet. Its native code and hic-straw (a reader of .hic files) are compiled
during set-up, which requires C and C++ compilers and the headers of Python and libcurl. Missing:$missing
  Debian, Ubuntu:  sudo apt-get install$missing
  Fedora, RHEL:    sudo dnf install gcc-c++ libcurl-devel python3-devel
  macOS:           xcode-select --install
  conda:           conda install -c conda-forge cxx-compiler libcurl
TEXT
exit 1

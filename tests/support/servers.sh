#!/bin/sh
# Installs, as root on Debian or Ubuntu, the servers that some tests start for themselves: a Slurm of one
# node and PostgreSQL. Without them these tests are skipped, and say so.
set -eu
missing=""
command -v slurmctld >/dev/null 2>&1 || [ -x /usr/sbin/slurmctld ] || missing="$missing slurm-wlm munge"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "tests with servers will be skipped; missing:$missing (root and apt-get would install them)" >&2
    exit 0
fi
echo "Installing servers for the tests:$missing"
# shellcheck disable=SC2086 # the names are separate words
if ! apt-get update -qq || ! DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
    echo "tests with servers will be skipped: apt-get could not install$missing" >&2
fi

#!/usr/bin/env bash
# Makes a virtualenv with exactly the pinned packages, once, and prints the path of its python.
# usage: python.sh [REQUIREMENTS]      (default: requirements.txt beside this script)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
requirements=${1:-$here/requirements.txt}
cache=${GODWIT_CACHE:-$HOME/.cache/godwit}

say() { echo "python.sh: $*" >&2; }

install_python_venv() {
    if [ "$(id -u)" != 0 ]; then
        say "python3 with venv is missing; install it: sudo apt-get install -y python3 python3-venv"
        exit 3
    fi
    say "installs python3 and python3-venv with apt-get"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-venv >&2
}

python3 -c 'import venv, ensurepip' 2>/dev/null || install_python_venv

# The interpreter is part of the key: an environment does not survive a change of the python it points to.
key=$({
    cat "$here/requirements.txt" "$requirements"
    python3 -c 'import sys; print(sys.version, sys.base_prefix)'
} | sha256sum | cut -c1-16)
environment=$cache/python/$key

mkdir -p "$cache/python"
exec 9>"$cache/python/lock"
flock 9
if [ ! -e "$environment/complete" ]; then
    say "makes a Python environment in $environment"
    rm -rf "$environment"
    python3 -m venv "$environment" 9>&-
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --no-deps -r "$requirements" >&2 9>&-
    "$environment/bin/python" -m pip check >&2 9>&-
    touch "$environment/complete"
fi
touch "$environment" # what sweep.py looks at
echo "$environment/bin/python"

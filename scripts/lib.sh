# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the other scripts: the checkout's root, the shared settings, and how to fail.
# shellcheck shell=bash

set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd -- "$root"

die() { # die WRONG REMEDY
  printf 'error: %s. %s.\n' "$1" "$2" >&2
  exit 1
}

keep_inside() { # nothing of a quickstart is left in the home folder: pip, npm and this collection keep their caches here
  export XDG_CACHE_HOME="$root/.cache"
  export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$root/.cache/pip}" npm_config_cache="${npm_config_cache:-$root/.cache/npm}"
}

digest() { # digest FILE... prints one hash over their contents
  cat -- "$@" | sha256sum | cut -c1-16
}

find_python() { # find_python MINIMUM CANDIDATE... prints the first that runs and is new enough
  local minimum=$1 candidate
  shift
  for candidate in "$@"; do
    if command -v -- "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c "import sys; sys.exit(sys.version_info < ($minimum))" 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return 0
    fi
  done
  return 1
}

make_venv() { # make_venv FOLDER PYTHON REQUIREMENTS: (re)made when its stamp is another one
  local venv=$1 python=$2 requirements=$3 stamp log=$root/.cache/pip.log
  stamp="$(digest "$requirements") $(basename -- "$requirements") $venv"
  if [ "$(cat -- "$venv/.stamp-$(basename -- "$requirements")" 2>/dev/null)" = "$stamp" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    return 0
  fi
  mkdir -p -- .cache 2>/dev/null || die "$root can't be written" "Run it as the user who owns that folder"
  check_room
  # Scripts in bin/ hold the folder's path, so a folder that was moved is made anew.
  if [ "$(cat -- "$venv/.place" 2>/dev/null)" != "$venv" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "making ${venv#"$root"/} with $python"
    "$python" -m venv --clear -- "$venv" >"$log" 2>&1 || explain "making a virtual environment" "$log" "$venv"
    printf '%s\n' "$venv" >"$venv/.place"
  fi
  echo "installing $requirements"
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --quiet --retries 2 \
    --require-hashes -r "$requirements" </dev/null >"$log" 2>&1 || explain "pip install" "$log" "$venv"
  printf '%s\n' "$stamp" >"$venv/.stamp-$(basename -- "$requirements")"
}

make_newest_venv() { # make_newest_venv FOLDER: ansible-core 2.21; exit 77, saying why, where no Python is new enough
  local python
  shopt -s nullglob
  python=$(find_python "3, 12" python3.13 python3.12 python3 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[23]*/bin/python3) || {
    echo "skipped: ansible-core 2.21 needs Python 3.12 or newer, and this machine has none"
    exit 77
  }
  make_venv "$1" "$python" requirements/ansible-newest.txt
}

check_room() {
  local free
  free=$(df -Pk -- "$root" | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge 500 ] || die "only $free MB are free at $root, and 500 are needed" "Free some space, then run this again"
}

is_full() { # is_full FOLDER: venv keeps it to itself that there was no space
  local blocks size files all
  [ -e "$1" ] || set -- "$root"
  read -r blocks size files all < <(stat -f -c '%a %S %d %c' -- "$1")
  [ $((blocks * size)) -lt 4194304 ] || { [ "$all" -gt 16 ] && [ "$files" -lt 16 ]; }
}

explain() { # explain WHAT LOG FOLDER: the end of the log, then one line with the remedy
  tail -n 5 -- "$2" >&2
  local remedy="Read ${2#"$root"/}"
  if grep -qiE 'no space left|disk quota' -- "$2" || is_full "$3"; then
    remedy="The disk is full: free some space, then run this again"
  elif grep -qiE 'ensurepip|No module named .?venv' -- "$2"; then
    remedy="Install Python's venv module (Debian and Ubuntu: sudo apt install python3-venv), then run this again"
  elif grep -qiE 'permission denied|read-only file system' -- "$2"; then
    remedy="Run it as the user who owns that folder"
  elif grep -qiE 'do not match the hashes' -- "$2"; then
    remedy="A package is not the one that was locked: pip cache purge, then run this again"
  elif grep -qiE 'connection|name resolution|no matching distribution|could not find a version|timed out|proxy|ssl' -- "$2"; then
    remedy="The package registry can't be reached or lacks the package: check the network, HTTPS_PROXY and pip config list"
  fi
  die "$1 failed" "$remedy"
}

install_node_modules() { # install_node_modules FOLDER: npm ci of its lock file, without install scripts
  local folder=$1 stamp log=$root/.cache/npm.log
  stamp=$(digest "$folder/package-lock.json")
  [ "$(cat -- "$folder/node_modules/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
  echo "installing $folder/package-lock.json"
  if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
  fi
  (cd -- "$folder" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=2) </dev/null >"$log" 2>&1 ||
    { tail -n 5 -- "$log" >&2; die "npm ci in $folder failed" "Check the network and npm config list; the whole output is in $log"; }
  printf '%s\n' "$stamp" >"$folder/node_modules/.stamp"
}

copy_tree() { # copy_tree FOLDER [--cached]: what git tracks or would track, or only what it tracks, as it is now
  local listed=(--cached --others --exclude-standard)
  [ $# -eq 1 ] || listed=("$2")
  mkdir -p -- "$1"
  git ls-files -z "${listed[@]}" |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null -T - -c | tar -x -C "$1"
}

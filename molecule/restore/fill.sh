# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Give every part something to lose.
set -eu
for number in $(seq 20); do
  python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/notes', b'note $number')"
done
for tenant in acme globex; do
  head -c 300000 /dev/urandom | docker exec -i --user 0 "reference-$tenant" sh -c 'cat >/www/data/random'
done

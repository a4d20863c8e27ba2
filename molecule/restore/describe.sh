# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Print what must come back, a line for each.
set -eu
python3 -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/notes').read().decode().strip())"
for tenant in acme globex; do sha256sum <"/var/lib/docker/volumes/reference-$tenant/_data/random"; done
find /etc/adsengineer/pki /etc/adsengineer/ca -type f -exec sha256sum {} + | sort | sha256sum
sha256sum </etc/adsengineer/pm2.json
python3 -c "import sqlite3; print(sqlite3.connect('/srv/accounts/accounts.db').execute('SELECT count(*) FROM entry').fetchone()[0])"

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The peer of bench_host.py: what a host needs to serve, by a shell script that does it once and asks nothing.
#
# The folder beside it has the names of the packages, PM2's lock file and the files, as a host has them that the
# playbook made. Prints how long each part took.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
place=/usr/local/lib/adsengineer/pm2
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

part() { # part NAME: the former one has ended
  now=$(date +%s.%N)
  if [ -n "${name:-}" ]; then echo "part $name $(echo "$now $began" | awk '{ printf "%.2f", $1 - $2 }')"; fi
  name=$1 began=$now
}

apt() { apt-get --yes --quiet=2 --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

part lists
apt update
part download
# shellcheck disable=SC2046
apt install --download-only $(cat "$here/packages")
part unpack
# shellcheck disable=SC2046
apt install $(cat "$here/packages")

part npm
useradd --system --no-create-home --home-dir /var/lib/adsengineer --shell /usr/sbin/nologin adsengineer
tar -x -C / -f "$here/pm2.tar"
(
  cd "$(dirname "$(readlink -f $place/pm2)")"
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_update_notifier=false
  npm ci --ignore-scripts --omit=optional --no-audit --no-fund --cache "$here/cache" >/dev/null
)

part files
tar -x -C / -f "$here/files.tar"
install -d -m 0700 -o adsengineer -g adsengineer /var/lib/adsengineer/reference

part certificates
ca=/etc/adsengineer/ca live=/etc/adsengineer/pki/live/control-plane
umask 077
mkdir -p $ca $live
new="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
$new -days 3650 -subj /CN=ca -keyout $ca/1.key -out $ca/1.pem 2>/dev/null
$new -days 90 -subj /CN=control-plane -addext "subjectAltName=DNS:$(hostname),DNS:localhost,IP:127.0.0.1" \
  -CA $ca/1.pem -CAkey $ca/1.key -keyout $live/key.pem -out $live/cert.pem 2>/dev/null
cp $ca/1.pem /etc/adsengineer/pki/ca.pem
umask 022

part load
pam-auth-update --package --enable adsengineer-faillock-first adsengineer-faillock-last adsengineer-faillock-success
sysctl --quiet --load /etc/sysctl.d/80-adsengineer.conf >/dev/null 2>&1 || true # not all can be set in a container
systemctl daemon-reload
systemctl restart systemd-journald
systemctl try-restart systemd-timesyncd
systemctl reload ssh
systemctl enable --quiet --now adsengineer-firewall adsengineer-docker-guard
systemctl restart docker
systemctl enable --quiet --now pm2-adsengineer adsengineer-pki-expiry.timer
systemctl start adsengineer-pki-expiry.service

part serve
python3 - <<'END'
import time
import urllib.request

for attempt in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:8080/healthz", timeout=5)
        break
    except OSError:
        if attempt == 299:
            raise
        time.sleep(0.1)
END
part end

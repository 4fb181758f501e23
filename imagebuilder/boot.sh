#!/bin/bash
# The first thing of ours at every boot, called by the user data while cloud-init holds the rest back: so it waits for
# nothing. What takes time is done by the agent's unit, which it starts.
set -euo pipefail

root=${ONEJOB_ROOT:-}
home=$root/opt/onejob
run=$root/run/systemd/system
# shellcheck disable=SC1091
. "$root/etc/onejob/machine.env"

# Before anything that may fail: no machine outlives its job, even when nobody looks after it any more.
if ! systemctl is-active --quiet onejob-lifetime.timer; then
  systemd-run --no-block --quiet --unit=onejob-lifetime --on-boot="${LIFETIME_SECONDS}s" --timer-property=AccuracySec=1s \
    /bin/sh -c 'echo "onejob: this machine has lived long enough" >/dev/console; systemctl poweroff; sleep 60; systemctl poweroff --force --force'
fi

reload=${UNITS_CHANGED:-0}

# Already so on an image of ours.
while read -r name; do
  [[ $(readlink "$root/etc/systemd/system/$name" || true) == /dev/null ]] && continue
  mkdir -p "$run"
  ln -sfn /dev/null "$run/$name"
  reload=1
done <"$home/quiet-units"

# The units of snaps stand in /etc, where nothing in /run can mask them; a condition holds everywhere.
for name in amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent; do
  [[ -e $root/etc/systemd/system/$name.service.d/onejob.conf ]] && continue
  mkdir -p "$run/$name.service.d"
  printf '[Unit]\nConditionPathExists=!/run/onejob/no-ssm\n' >"$run/$name.service.d/onejob.conf"
  reload=1
done
mkdir -p "$root/run/onejob"
if [[ $CONNECT == ssm ]]; then
  rm -f "$root/run/onejob/no-ssm"
else
  : >"$root/run/onejob/no-ssm"
fi

if [[ $reload == 1 ]]; then systemctl daemon-reload; fi
systemctl start --no-block onejob-agent.service

# Image Builder takes it off the image when it is done.
if [[ $CONNECT == ssm && ! -e $root/snap/bin/amazon-ssm-agent.ssm-cli && ! -e $root/usr/bin/amazon-ssm-agent ]]; then
  systemd-run --no-block --quiet --unit=onejob-connect --property=Restart=on-failure --property=RestartSec=5 \
    /bin/sh -c 'snap wait system seed.loaded && snap install --classic amazon-ssm-agent'
fi

#!/bin/bash
# What the agent's unit runs: installs what the image lacks, gets the agent, becomes it. Whatever ends this, the unit
# switches the machine off.
set -euo pipefail

root=${ONEJOB_ROOT:-}
home=$root/opt/onejob
state=$root/var/lib/onejob
runners=$root/var/cache/onejob/actions-runner
# How long the server may be out of reach, in seconds, and how long a runner baked into the image counts as the latest.
patience=${ONEJOB_PATIENCE:-240}
fresh=$((14 * 24 * 3600))
# shellcheck disable=SC1091
. "$root/etc/onejob/machine.env"

say() { printf 'onejob: %s\n' "$*" >&2; }
die() {
  say "$*; this machine is switched off"
  exit 1
}

sum_of() {
  local found
  found=$(sha256sum "$1" 2>/dev/null) || return 0
  echo "${found%% *}"
}

# The first read of a block fetches it from the image's snapshot, slowly; many at once are much faster.
warm() {
  find "$runners" -type f -print0 2>/dev/null | xargs -0 -r -P 16 -n 16 cat >/dev/null 2>&1 || true
}

# The agent asks for a newer runner when its note is an hour old. Images are baked every week, which is often enough.
keep_note() {
  local note now found
  now=$(date +%s)
  found=$(cat "$home/runner-found" 2>/dev/null) || return 0
  ((now - found < fresh)) || return 0
  for note in "$runners"/latest-*.json; do
    [[ -e $note ]] || continue
    sed -i -E "s/\"(foundAt|askedAt)\":[0-9]+/\"\1\":${now}000/g" "$note"
  done
}

fetch_agent() {
  local file=$state/agent.js part=$state/agent.js.part until=$((SECONDS + patience)) pause=1 wrong=0
  while [[ $(sum_of "$file") != "$AGENT_SHA256" ]]; do
    if curl --fail --silent --show-error --compressed --connect-timeout 5 --max-time 60 \
      --output "$part" "${AGENT_URL%/}/agent/v1/agent.js?sha256=$AGENT_SHA256"; then
      if [[ $(sum_of "$part") == "$AGENT_SHA256" ]]; then
        mv -f "$part" "$file"
        return
      fi
      wrong=$((wrong + 1))
      # The agents of earlier deployments are kept; one of a fleet that was made anew is not.
      ((wrong < 3)) || die "the server's agent is not the one this machine was told to run, a newer deployment has come"
    fi
    ((SECONDS + pause <= until)) || die "the agent could not be had from the server within $patience s"
    sleep "$pause"
    pause=$((pause < 8 ? pause * 2 : 8))
  done
}

# The numbers of the job's user are known only here.
write_orders() {
  local orders
  orders=$(<"$root/etc/onejob/orders.json")
  printf '{"user":{"uid":%s,"gid":%s},%s\n' "$(id -u onejob)" "$(id -g onejob)" "${orders#\{}"
}

mkdir -p "$state"
chmod 0711 "$state"
warm &
"$home/bin/install" boot || die "what a job needs could not be installed"
keep_note
fetch_agent
write_orders >"$state/boot.json"
exec "$home/node/bin/node" "$state/agent.js" <"$state/boot.json"

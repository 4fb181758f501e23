#!/usr/bin/env bash
# A Podman of our own, for tests: installed from the distribution's packages when missing, with all it keeps below one
# folder, and a shell for images, linked against nothing. Runs in the foreground until it is told to end.
#   engine.sh FOLDER [REGISTRY]     the socket is FOLDER/podman.sock, the shell FOLDER/busybox; REGISTRY has no TLS
set -eu
folder=$1
cache="$(dirname "$0")/../../node_modules/.cache/onejob"
mkdir -p "$folder" "$cache"

install_podman() {
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "podman is missing: install it (apt-get install podman), or run this as root on Debian or Ubuntu" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=300 update
  apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends podman
}

# Unpacked, not installed: on a machine it would take the place of the usual one.
fetch_busybox() (
  cd "$(mktemp -d -p "$folder")"
  apt-get -q -o APT::Sandbox::User=root download busybox-static || {
    apt-get -q -o DPkg::Lock::Timeout=300 update
    apt-get -q -o APT::Sandbox::User=root download busybox-static
  }
  dpkg-deb -x busybox-static_*.deb .
  mv bin/busybox "$1"
)

# One test file at a time.
exec 9>"$cache/lock"
flock 9
command -v podman >/dev/null || install_podman >&2
[ -x "$cache/busybox" ] || fetch_busybox "$(cd "$cache" && pwd)/busybox" >&2
cp "$cache/busybox" "$folder/busybox"
exec 9>&-

# Machines without systemd and without the right to raise limits still have to run this. Locks in files: the usual ones,
# in shared memory, would be shared with every other Podman of the machine.
cat >"$folder/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
cgroups = "disabled"
[engine]
lock_type = "file"
events_logger = "file"
CONF
export CONTAINERS_CONF="$folder/containers.conf"
: >"$folder/registries.conf"
if [ -n "${2-}" ]; then printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$2" >"$folder/registries.conf"; fi
export CONTAINERS_REGISTRIES_CONF="$folder/registries.conf"

podman=(podman --storage-driver vfs --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp"
  --cgroup-manager cgroupfs system service --time 0 "unix://$folder/podman.sock")
# It ends when the tests do, however they end.
with_us=(setpriv --pdeathsig TERM)
if [ "$(id -u)" -ne 0 ]; then exec "${with_us[@]}" "${podman[@]}"; fi
# Hybrid cgroup hierarchies without a writable version 2 half stop it otherwise.
exec "${with_us[@]}" unshare --mount sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh "${podman[@]}"

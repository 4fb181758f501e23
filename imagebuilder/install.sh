#!/bin/bash
# Makes a machine for jobs out of a plain Ubuntu: Docker, git, small tools, Node.js for the agent, GitHub's runner.
#   install bake    while an image is built: everything, and what makes it boot sooner
#   install boot    at the start of a machine: only what its image lacks
#   install check   tells by its exit code whether everything is there
# May be run again at any time: every step first looks whether it is done.
set -euo pipefail

root=${ONEJOB_ROOT:-}
pause=${ONEJOB_PAUSE:-2}
home=$root/opt/onejob
units=$root/etc/systemd/system
runners=$root/var/cache/onejob/actions-runner
node=$home/node/bin/node

say() { printf 'onejob install: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# retry TIMES COMMAND...: with pauses that grow. In here `set -e` is off, so commands chain their failures themselves.
retry() {
  local times=$1 rest=$pause try
  shift
  for ((try = 1; ; try++)); do
    "$@" && return 0
    ((try < times)) || return 1
    say "tried $try of $times times: $1 ${2:-}"
    sleep "$rest"
    rest=$((rest * 2))
  done
}

# fetch URL FILE [SHA256]: the file is there only when it is the announced one.
fetch() {
  curl --fail --silent --show-error --location --proto =https --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    --output "$2.part" "$1" || return 1
  local found
  found=$(sha256sum "$2.part") || return 1
  if [[ -n ${3:-} && ${found%% *} != "$3" ]]; then
    say "$1 is not the announced file: its SHA-256 is ${found%% *} and not $3"
    rm -f "$2.part"
    return 1
  fi
  mv -f "$2.part" "$2"
}

# need COMMAND PACKAGE...: by the command, so that a Docker from elsewhere is not replaced.
missing=()
need() {
  command -v "$1" >/dev/null || missing+=("${@:2}")
}

apt() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" >&2
}

install_packages() {
  need docker docker.io docker-buildx docker-compose-v2 pigz
  need git git
  need jq jq
  need make make
  need rsync rsync
  need unzip unzip
  need xz xz-utils
  need zip zip
  need zstd zstd
  ((${#missing[@]} > 0)) || return 0
  command -v apt-get >/dev/null || die "this image lacks ${missing[*]} and has no apt-get; bring them along in the image"
  retry 5 apt update || die "the package lists cannot be had"
  retry 5 apt install --yes --no-install-recommends "${missing[@]}" || die "these packages cannot be installed: ${missing[*]}"
}

# Its first group is docker, as on GitHub's machines: the job is started with no other.
install_user() {
  getent group docker >/dev/null || groupadd --system docker
  id -u onejob >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --gid docker onejob
  local rule=$root/etc/sudoers.d/90-onejob
  [[ -e $rule ]] && return
  mkdir -p "${rule%/*}"
  printf 'onejob ALL=(ALL) NOPASSWD:ALL\n' >"$rule"
  chmod 0440 "$rule"
}

node_is() { [[ $("$1" --version 2>/dev/null) == "v$NODE_VERSION" ]]; }

install_node() {
  node_is "$node" && return
  local name=node-v$NODE_VERSION-linux-$arch sum=NODE_SHA256_${arch^^} part=$home/node.part
  retry 4 fetch "https://nodejs.org/dist/v$NODE_VERSION/$name.tar.xz" "$home/node.tar.xz" "${!sum}" || die "Node.js cannot be had"
  rm -rf "$part"
  mkdir -p "$part"
  tar -xJf "$home/node.tar.xz" -C "$part" --strip-components=1 --no-same-owner "$name/bin/node" "$name/LICENSE"
  rm -f "$home/node.tar.xz"
  node_is "$part/bin/node" || die "Node.js $NODE_VERSION does not run on this machine"
  rm -rf "$home/node"
  mv "$part" "$home/node"
}

# Prints version, address and sum of the release in FILE, or fails.
read_release() {
  "$node" -e '
    const [file, platform] = process.argv.slice(1);
    const release = JSON.parse(require("fs").readFileSync(file, "utf8"));
    const version = /^v?(\d+\.\d+\.\d+)$/.exec(release.tag_name)[1];
    const asset = release.assets.find(({ name }) => name === `actions-runner-${platform}-${version}.tar.gz`);
    const sum = /^sha256:([0-9a-f]{64})$/.exec(asset.digest ?? "") ??
      new RegExp(`BEGIN SHA ${platform} -->\\s*([0-9a-f]{64})\\s*<!--`).exec(release.body);
    console.log(version, new URL(asset.browser_download_url).href, sum[1]);
  ' "$1" "linux-$arch"
}

find_release() {
  if [[ $RUNNER_VERSION != latest ]]; then
    local sum=RUNNER_SHA256_${arch^^} base=https://github.com/actions/runner/releases/download
    echo "$RUNNER_VERSION $base/v$RUNNER_VERSION/actions-runner-linux-$arch-$RUNNER_VERSION.tar.gz ${!sum}"
    return
  fi
  fetch "$RUNNER_RELEASES_URL/repos/actions/runner/releases/latest" "$home/release.json" || return 1
  read_release "$home/release.json"
}

# Where the agent looks for it, and with the agent's own note of which one is the latest.
install_runner() {
  local note=$runners/latest-linux-$arch.json version url sum release
  [[ $mode == boot && -e $note ]] && return
  mkdir -p "$runners"
  chmod 0700 "$runners"
  release=$(retry 4 find_release) || die "no release of GitHub's runner can be had"
  read -r version url sum <<<"$release"
  [[ $sum =~ ^[0-9a-f]{64}$ ]] || die "GitHub's runner $version is not installed, for nobody gives its SHA-256"
  local folder=$runners/$version-linux-$arch part=$runners/.part-install
  if [[ ! -x $folder/bin/Runner.Listener ]]; then
    retry 4 fetch "$url" "$part.tar.gz" "$sum" || die "GitHub's runner $version cannot be had"
    rm -rf "$part" "$folder"
    mkdir -m 0700 "$part"
    tar -xzf "$part.tar.gz" -C "$part" --no-same-owner
    rm -f "$part.tar.gz"
    [[ -x $part/bin/Runner.Listener ]] || die "the archive of GitHub's runner $version holds no bin/Runner.Listener"
    mv "$part" "$folder"
  fi
  (umask 077 && write_note "$version" >"$note")
  date +%s >"$home/runner-found"
  ldconfig -p | grep -q libicuuc || retry 3 "$folder/bin/installdependencies.sh" >&2 || die "the runner's libraries cannot be had"
}

write_note() {
  local now
  now=$(date +%s)000
  printf '{"releasesUrl":"%s","version":"%s","foundAt":%s,"askedAt":%s}\n' "$RUNNER_RELEASES_URL" "$1" "$now" "$now"
}

put() {
  mkdir -p "${1%/*}"
  cat >"$1"
}

# Nothing that a machine of one job waits for, or that works beside the job.
tune() {
  local name
  while read -r name; do ln -sfn /dev/null "$units/$name"; done <"$home/quiet-units"
  # cloud-init has brought the network up and read its data by then; the agent asks until it is answered.
  ln -sfn /dev/null "$units/systemd-networkd-wait-online.service"
  # For whoever is let in by Systems Manager; elsewhere our boot says that it shall not start.
  for name in amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent; do
    put "$units/$name.service.d/onejob.conf" <<<$'[Unit]\nConditionPathExists=!/run/onejob/no-ssm'
  done
  put "$root/etc/cloud/cloud.cfg.d/95-onejob.cfg" <<<'datasource_list: [ Ec2 ]'
  put "$root/etc/systemd/journald.conf.d/onejob.conf" <<<$'[Journal]\nStorage=volatile\nRuntimeMaxUse=64M'
  # Its socket starts it for the first job that asks.
  systemctl disable docker.service containerd.service >&2
  systemctl enable docker.socket >&2
  snap refresh --hold >&2 || say "snaps may refresh themselves"
  apt-get clean
}

check() {
  node_is "$node" || die "Node.js is not $NODE_VERSION"
  docker --version >&2
  git --version >&2
  id onejob >&2
  local listener
  for listener in "$runners"/*-linux-"$arch"/bin/Runner.Listener; do "$listener" --version >&2; done
  [[ -s $units/onejob-agent.service ]] || die "the agent's unit is missing"
}

mode=${1:-}
[[ $mode =~ ^(bake|boot|check)$ ]] || die "usage: install bake|boot|check"
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) die "there is no machine for jobs on $(uname -m)" ;;
esac
# shellcheck source=versions.env
. "$home/versions.env"

if [[ $mode == check ]]; then
  check
  exit
fi
kit=$(sha256sum "$0" "$home/versions.env" | cut -d' ' -f1 | sha256sum)
[[ $mode == boot && -e $home/installed && $(<"$home/installed") == "$kit" ]] && exit
SECONDS=0
install_node
install_runner &
download=$!
install_packages
install_user
wait "$download" || die "GitHub's runner could not be installed"
if [[ $mode == bake ]]; then tune; fi
printf '%s\n' "$kit" >"$home/installed"
say "done in $SECONDS s"

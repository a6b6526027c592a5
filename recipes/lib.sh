# shellcheck shell=bash
# What recipes share; sourced, never run. The contract between a recipe and the daemon is in README.md.

set -eEuo pipefail
umask 022
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# fail TEXT: the one line that says why, and the end.
fail() {
  trap - ERR
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# progress FRACTION TEXT
progress() { printf 'progress %s %s\n' "$1" "$2"; }

# need PROGRAM_OR_FILE PACKAGE
need() {
  if [[ $1 == /* ]]; then [[ -e $1 ]]; else command -v "$1" >/dev/null; fi ||
    fail "'$1' is missing: install the package '$2'"
}

# The last line of a log that says something, for fail().
last_line() { grep -v '^[[:space:]]*$' "$1" | tail -n 1 | cut -c 1-300; }

# start OUTPUT_FOLDER: sets output, work (inside it, gone at the end) and cache; takes the cache's lock.
start() {
  [[ $# -eq 1 && -n $1 ]] || fail "usage: ${0##*/} OUTPUT_FOLDER"
  mkdir -p "$1" || fail "cannot make the folder $1"
  output=$(cd "$1" && pwd)
  [[ -z $(find "$output" -mindepth 1 -print -quit) ]] || fail "$output is not empty"
  work=$output/.work
  mkdir "$work"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  trap 'fail "stopped at line $LINENO: $BASH_COMMAND"' ERR
  cache=${TRUCE_CACHE:-/var/cache/truce}
  mkdir -p "$cache" 2>/dev/null || fail "cannot make the cache folder $cache: set TRUCE_CACHE to another"
  [[ -w $cache ]] || fail "cannot write to the cache folder $cache: set TRUCE_CACHE to another"
  exec 8>"$cache/lock"
  flock -n 8 || { progress 0 "waiting for another recipe"; flock 8; }
}

finish() {
  local status=$?
  trap - ERR
  local jobs
  jobs=$(jobs -p)
  # shellcheck disable=SC2086  # one word for each process
  [[ -z $jobs ]] || kill $jobs 2>/dev/null || true
  wait 2>/dev/null || true
  if [[ $status -eq 0 ]]; then rm -rf "$work"; else find "$output" -mindepth 1 -delete; fi
  exit "$status"
}

# debian_sources RELEASE: writes $work/sources.list from what the host's own apt is set to use, and
# an apt configuration (APT_CONFIG) with lists and packages under the cache, so that neither the
# host's lists need be fresh nor its packages change.
debian_sources() {
  local release=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  need apt-get apt
  need "$keyring" debian-archive-keyring
  # Where the host's lists were never fetched, origin and codename are empty: then the address tells.
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)' \
    'Created-By: Packages' 'Architecture: amd64' 2>/dev/null |
    awk -F'|' -v r="$release" -v k="$keyring" '
      function ours(name) { return name == r || name == r "-updates" || name == r "-security" }
      ($1 ~ /^Debian/ && ours($2)) ||
      ($1 == "" && ours($3) && $4 == "main" && $5 ~ /\/debian(-security)?\/?$/) {
        line = "deb [arch=amd64 signed-by=" k "] " $5 " " ($2 == "" ? $3 : $2) " " $4
        if (!seen[line]++) print line
      }' >"$work/sources.list" || true
  grep -q " $release " "$work/sources.list" ||
    fail "apt on this host knows no Debian '$release': add it to the sources and run 'apt-get update'"
  mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
  {
    # How to reach the network (proxies, timeouts) stays the host's business.
    apt-config dump | grep -E '^Acquire::(http|https)::' || true
    cat <<CONFIG
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$cache/apt";
Dir::State::lists "$cache/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$cache/apt";
Dir::Cache::archives "$cache/apt/archives";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update;
#clear DPkg::Post-Invoke;
#clear APT::Periodic;
CONFIG
  } >"$work/apt.conf"
  export APT_CONFIG=$work/apt.conf
  progress 0.01 "asking for the newest packages"
  apt-get -q update >"$work/apt.log" 2>&1 ||
    fail "apt-get update: $(last_line "$work/apt.log")"
}

# A name for what the present package lists and this recipe make: same key, same result.
cache_key() {
  { cat "$0" "${BASH_SOURCE[0]}"; find "$cache/apt/lists" -maxdepth 1 -name '*Release' | sort | xargs cat; } |
    sha256sum | cut -c 1-16
}

# keep FILE STEM NAME: puts a result into the cache in one step, and drops STEM-*, its older versions.
keep() {
  cp --sparse=always "$1" "$cache/.new-$3"
  find "$cache" -maxdepth 1 -name "$2-*" -delete
  mv "$cache/.new-$3" "$cache/$3"
}

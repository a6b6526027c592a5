#include "scripts.h"

namespace truce::server {

const std::string_view stop_script = R"sh(keep=/run; [ -d "$keep" ] || keep=/dev/shm
writable() { grep -E "^/dev/[^ ]+ [^ ]+ [^ ]+ rw[, ]" /proc/mounts; }
[ -x /etc/truce/before-last-copy ] && { /etc/truce/before-last-copy >&2 || exit 3; }
writable > "$keep/truce-stopped.new" || { rm -f "$keep/truce-stopped.new"; exit 0; }
[ -e "$keep/truce-stopped" ] || mv "$keep/truce-stopped.new" "$keep/truce-stopped"
sync
echo u > /proc/sysrq-trigger
n=0
while writable >/dev/null; do
  n=$((n+1))
  [ $n -lt 150 ] || { echo "its file systems stay writable" >&2; exit 4; }
  sleep 0.2
done)sh";

const std::string_view start_script = R"sh(for keep in /run /dev/shm; do
  [ -e "$keep/truce-stopped" ] || continue
  while read -r disk folder rest; do mount -o remount,rw "$folder" >&2 || exit 3; done < "$keep/truce-stopped"
  rm -f "$keep/truce-stopped" "$keep/truce-stopped.new" "$keep/truce-left"
  [ -x /etc/truce/after-last-copy ] && /etc/truce/after-last-copy >&2
  exit 0
done
echo "it was not stopped by Truce: start it at its console" >&2
exit 3)sh";

const std::string_view leave_script = R"sh(for keep in /run /dev/shm; do
  [ -e "$keep/truce-stopped" ] && : > "$keep/truce-left"
done
echo done)sh";

// Its answer has to come before its network goes.
const std::string_view let_go_script = R"sh(for keep in /run /dev/shm; do
  [ -e "$keep/truce-stopped" ] || continue
  if [ -e "$keep/truce-left" ]; then
    (sleep 1; echo o > /proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &
    exit 0
  fi
  while read -r disk folder rest; do mount -o remount,rw "$folder" >&2 || exit 3; done < "$keep/truce-stopped"
  rm -f "$keep/truce-stopped" "$keep/truce-stopped.new"
done)sh";

}  // namespace truce::server

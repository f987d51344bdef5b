#!/usr/bin/env bash
# Checks retaind.service: that systemd understands every line, and that the sandbox is as tight as promised.
# Works without an installed retaind: a copy of the unit runs /bin/true instead.
set -euo pipefail

# Exposure in tenths: the unit must stay below.
threshold=12

if ! command -v systemd-analyze >/dev/null; then
    echo 'skipped: systemd-analyze is not installed'
    exit 0
fi

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

sed 's|^ExecStart=/usr/bin/retaind .*|ExecStart=/bin/true|' "$here/retaind.service" >"$work/retaind.service"

failed=0

# Unknown directives are only warnings to verify, and other units' warnings are none of ours: every line that
# names the unit counts.
said=$(systemd-analyze verify "$work/retaind.service" 2>&1) || failed=1
if grep -qF 'retaind.service' <<<"$said" || ((failed)); then
    printf 'verify failed\n%s\n' "$said" >&2
    failed=1
else
    echo 'verify: nothing to say'
fi

if table=$(systemd-analyze security --no-pager --offline=true --threshold="$threshold" "$work/retaind.service" 2>&1); then
    tail -n 1 <<<"$table"
else
    printf '%s\nsecurity: exposure is above %s tenths\n' "$table" "$threshold" >&2
    failed=1
fi

exit "$failed"

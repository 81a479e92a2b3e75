#!/usr/bin/env bash
# CPU seconds and peak memory of `palisade check` and, where installed, of Checkov on the same folder.
set -euo pipefail
dir=${1:?usage: bench/check.sh DIR}
root=$(cd "$(dirname "$0")/.." && pwd)
cargo build --release --quiet --manifest-path "$root/Cargo.toml"
measure() {
  local name=$1
  shift
  local figures
  figures=$(mktemp)
  # The tools' own exit codes are verdicts, not failures of the measurement.
  /usr/bin/time -f '%U %S %e %M' -o "$figures" "$@" >/dev/null 2>&1 || true
  tail -n 1 "$figures" | awk -v name="$name" '{printf "%-10s %.2f CPU s  %.2f s wall  %.0f MB\n", name, $1 + $2, $3, $4 / 1024}'
  rm -f "$figures"
}
measure palisade "$root/target/release/palisade" check "$dir"
if command -v checkov >/dev/null; then
  measure checkov checkov --directory "$dir" --quiet --compact
else
  echo "checkov is not installed: pip install checkov, in an environment of its own, to compare"
fi

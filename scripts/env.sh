# Sourced by the scripts: cargo on the path, the repository as the working folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=/dev/null
if [ -e "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
say() { printf '\n== %s\n' "$*"; }

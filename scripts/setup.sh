#!/usr/bin/env bash
# Installs what building and testing need on a bare Debian or Ubuntu; does nothing where it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# A command that is missing, and the package that brings it.
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need cc gcc
need curl curl
need xz xz-utils
need tar tar
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
# A graphics adapter that runs on the processor: the tests of the GPU renderer need one, any will do.
ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 || missing+=(mesa-vulkan-drivers)
ls /usr/lib/*/libvulkan.so.1 >/dev/null 2>&1 || missing+=(libvulkan1)
# Peers of the tests: dciodvfy judges the objects that we write, pydicom and highdicom read them.
need dciodvfy dicom3tools
# Peers of the archive: they store, find and fetch; the index runs on both databases.
need storescu dcmtk
need Orthanc orthanc
[ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || missing+=(orthanc-dicomweb)
# They read the discs and archives that we write.
need xorriso xorriso
need fuseiso fuseiso
need unzip unzip
# They judge what the journal gives to other systems, and take it.
need xmllint libxml2-utils
[ -x /usr/sbin/rsyslogd ] || missing+=(rsyslog)
ls /usr/lib/*/rsyslog/lmnsd_ossl.so >/dev/null 2>&1 || missing+=(rsyslog-openssl)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
# It stands before several nodes.
command -v haproxy >/dev/null 2>&1 || [ -e /usr/sbin/haproxy ] || missing+=(haproxy)
# They open the documents and movies that we write.
need pdfinfo poppler-utils
need ffprobe ffmpeg
# People's ways through the pages are walked in a browser.
need chromium chromium
# The viewer in browsers of other makers, of which WebKit wants a screen.
need firefox-esr firefox-esr
need WebKitWebDriver webkit2gtk-driver
need Xvfb xvfb
need node nodejs
need npm npm
# They scan a running server.
need wapiti wapiti
need ffuf ffuf
need testssl testssl.sh
need openssl openssl
[ -e /usr/share/dirb/wordlists/big.txt ] || missing+=(dirb)
# The system's Python, whose version the pins are for; another on the path may be older.
/usr/bin/python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
	command -v apt-get >/dev/null 2>&1 || { say "expected apt-get to install ${missing[*]}, found none"; exit 1; }
	say "installing ${missing[*]} with apt"
	as_root apt-get -o DPkg::Lock::Timeout=600 -qq update
	# Peers are programs here, not services: none is started by its package.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
		as_root chmod +x /usr/sbin/policy-rc.d
		trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# shellcheck source=/dev/null
[ -e "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
if ! command -v cargo >/dev/null 2>&1; then
	say "installing Rust with rustup"
	curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain none
	# shellcheck source=/dev/null
	. "$HOME/.cargo/env"
fi
if command -v rustup >/dev/null 2>&1; then
	channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
	rustup toolchain list | grep -q "^$channel" || { say "installing Rust $channel"; rustup toolchain install "$channel" --profile minimal >/dev/null; }
	for component in rustfmt clippy; do
		rustup component list --toolchain "$channel" --installed | grep -q "^$component" || rustup component add --toolchain "$channel" "$component"
	done
	rustup target list --toolchain "$channel" --installed | grep -q '^wasm32-unknown-unknown$' ||
		{ say "adding the target wasm32-unknown-unknown"; rustup target add --toolchain "$channel" wasm32-unknown-unknown >/dev/null; }
fi

# Not optimised: it runs for seconds.
command -v cargo-deny >/dev/null 2>&1 || { say "installing cargo-deny"; cargo install --quiet --locked --debug cargo-deny; }

# A Python with what a list names, in a folder.
python_with() { # LIST FOLDER
	if ! cmp -s "$1" "$2/$(basename "$1")"; then
		say "installing the Python of $1 into $2"
		rm -rf "$2"
		/usr/bin/python3 -m venv "$2"
		"$2/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$1"
		# Last, so that a broken run is begun again.
		cp "$1" "$2/"
	fi
}
python_with scripts/peers.txt target/venv
python_with tests/scan/requirements.txt target/scan-venv

if ! cmp -s tests/journeys/package-lock.json tests/journeys/node_modules/installed.json; then
	say "installing what drives the browser of the tests"
	(cd tests/journeys && npm ci --silent --no-audit --no-fund)
	# Last, so that a broken run is begun again.
	cp tests/journeys/package-lock.json tests/journeys/node_modules/installed.json
fi

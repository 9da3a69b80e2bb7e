#!/usr/bin/env bash
# What the server is made of: a list of its parts (SBOM) with the day on which known vulnerabilities were looked for.
. "$(dirname "$0")/env.sh"
sbom=${1:-target/sbom.json}
command -v cargo-sbom >/dev/null 2>&1 || cargo install --quiet --locked --debug cargo-sbom

say "licences, sources and duplicates"
cargo deny --log-level error check bans licenses sources

say "known vulnerabilities"
if ! curl --silent --head --max-time 20 https://github.com/rustsec/advisory-db >/dev/null; then
	looked="not looked for: the database of advisories cannot be reached"
elif cargo deny check advisories; then
	looked="none found"
else
	looked="found"
fi
echo "$looked"

say "list of parts: $sbom"
mkdir -p "$(dirname "$sbom")"
cargo sbom --cargo-package uptake --output-format cyclone_dx_json_1_6 >"$sbom.new"
python3 - "$sbom.new" "$(date -u +%Y-%m-%d)" "$looked" <<'PYTHON'
import json
import sys

path, day, looked = sys.argv[1:]
with open(path) as file:
    sbom = json.load(file)
expected = {"bomFormat": "CycloneDX"}
assert expected.items() <= sbom.items() and sbom["components"], f"expected a CycloneDX document with components, found {list(sbom)}"
properties = sbom["metadata"].setdefault("properties", [])
properties += [{"name": "uptake:advisories", "value": f"{day}: {looked}"}]
with open(path, "w") as file:
    json.dump(sbom, file, indent=1, ensure_ascii=False)
print(f"{len(sbom['components'])} parts")
PYTHON
mv "$sbom.new" "$sbom"
[ "$looked" != found ]

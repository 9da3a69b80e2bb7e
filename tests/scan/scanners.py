"""The scanners: each runs to its end, leaves what it says in a folder, and gives what was found that must not be.

None of them asks anything but this machine: what would load lists from elsewhere, or call an address of its makers, is left out.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# What an API answers is held to its description.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
# Not nikto and wapp (their lists are loaded), ssrf and xxe (they ask an address elsewhere), csrf (it knows tokens in forms alone;
# changes are held to where they come from), buster and brute_login_form (ffuf looks for names, journeys try the lock-out).
MODULES = "cookieflags,crlf,csp,exec,file,htaccess,http_headers,methods,permanentxss,redirect,shellshock,sql,xss"
# What would end the session, or the account of whoever looks; the API is schemathesis'.
LEFT_OUT = ["/sign-out", "/password", "/second-factor*", "/security/*", "/switch", "/platform/administrators*", "/oauth/*", "/dicom-web/*"]
# An authority of a hospital's own publishes no list of certificates that were taken back.
OWN_AUTHORITY = {"cert_revocation", "cert_revocation <hostCert#1>"}


def run(command, out, seconds, **more):
    """Runs a scanner; what it says is in a file."""
    with open(out, "w", encoding="utf-8") as said:
        try:
            return subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, timeout=seconds, stdin=subprocess.DEVNULL, **more).returncode
        except subprocess.TimeoutExpired:
            return "time is over"


def schemathesis(site, name, headers, known, out, examples, phases):
    """Requests made from the description, and what is wrong with the answers."""
    # Whoever has a cookie is known by it, whatever else a request shows.
    checks = CHECKS if "Cookie" in headers else [*CHECKS, "ignored_auth"]
    said = out / f"schemathesis-{name}.txt"
    program = Path(sys.executable).parent / "schemathesis"
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{site.url}/api/openapi.json", "--no-color"]
    command += ["--tls-verify", site.authority, "--checks", ",".join(checks), "--phases", phases, "--max-examples", str(examples)]
    command += ["--seed", "7", "--workers", "2", "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"]
    command += ["--request-timeout", "60", "--request-retries", "2", "--continue-on-failure"]
    for header, value in headers.items():
        command += ["--header", f"{header}: {value}"]
    own = {**os.environ, "SCAN_KNOWN": str(known), "SCHEMATHESIS_HOOKS": "hooks", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(HERE)}
    ended = run([str(part) for part in command], said, 3600, cwd=out, env=own)
    if ended == 0:
        return []
    text = said.read_text(encoding="utf-8")
    found = re.findall(r"^_{3,} (.+?) _{3,}\n(.*?)(?=^_{3,} |^={3,})", text, re.S | re.M)
    wrong = [f"{operation}: {'; '.join(re.findall(r'^ *- (.+)$', words, re.M))}" for operation, words in found]
    return [f"schemathesis, {name}: {one}" for one in wrong or [f"ended with {ended}, see {said}"]]


def wapiti(site, name, headers, out, crawl_s, attack_s):
    """Pages and forms with hostile values."""
    report = out / f"wapiti-{name}.json"
    kept = out / f"wapiti-{name}"
    command = ["/usr/bin/python3", "-B", str(HERE / "wapiti.py"), "-u", f"{site.url}/", "-m", MODULES, "--no-bugreport", "-f", "json", "-o", str(report), "-v", "1", "-S", "polite"]
    command += ["--store-session", str(kept), "--store-config", str(kept), "--max-scan-time", str(crawl_s), "--max-attack-time", str(attack_s)]
    for path in LEFT_OUT:
        command += ["-x", site.url + path]
    for header, value in headers.items():
        command += ["-H", f"{header}: {value}"]
    ended = run(command, out / f"wapiti-{name}.txt", 3600)
    if ended != 0 or not report.exists():
        return [f"wapiti, {name}: ended with {ended}, see {out / f'wapiti-{name}.txt'}"]
    told = json.loads(report.read_text(encoding="utf-8"))
    high = [(kind, one) for kind, all in told["vulnerabilities"].items() for one in all if one["level"] >= 3]
    failed = [(kind, one) for kind, all in told["anomalies"].items() for one in all]
    return [f"wapiti, {name}: {kind}: {one['method']} {one['path']} {one['info']}" for kind, one in high + failed]


def routes():
    """Addresses that there are: of pages from their table of permissions, of programs from the description."""
    pages = (ROOT / "server/platform/src/matrix.rs").read_text(encoding="utf-8")
    paths = set(re.findall(r'"(?:GET|POST)",\s*"(/[^"]*)"', pages))
    paths |= set(json.loads((ROOT / "server/assets/openapi.json").read_text(encoding="utf-8"))["paths"])
    patterns = [re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path)) for path in paths]
    if len(patterns) < 200:
        raise SystemExit(f"expected the table of pages, found {len(patterns)} addresses")
    return re.compile(f"(?:{'|'.join(patterns)})/?")


def ffuf(site, name, headers, out, words):
    """Names that servers should not have: whatever is there is one of the known addresses."""
    report = out / f"ffuf-{name}.json"
    command = ["ffuf", "-u", f"{site.url}/FUZZ", "-w", str(words), "-ic", "-mc", "all", "-fc", "404", "-t", "16", "-s", "-o", str(report), "-of", "json"]
    for header, value in headers.items():
        command += ["-H", f"{header}: {value}"]
    ended = run(command, out / f"ffuf-{name}.txt", 3600)
    if ended != 0 or not report.exists():
        return [f"ffuf, {name}: ended with {ended}"]
    known, wrong = routes(), []
    for one in json.loads(report.read_text(encoding="utf-8"))["results"]:
        path = one["url"].removeprefix(site.url).split("?")[0]
        if one["status"] >= 500 or (one["status"] not in (400, 414) and not known.fullmatch(path)):
            wrong.append(f"ffuf, {name}: {path} answers {one['status']}")
    return wrong


def testssl(site, out, parts):
    """The port's TLS: versions, ciphers, certificate, known weaknesses."""
    report = out / "testssl.json"
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", str(site.authority)]
    run([*command, "--jsonfile", str(report), *parts, site.url], out / "testssl.txt", 1800, cwd=out)
    if not report.exists():
        return [f"testssl: nothing was told, see {out / 'testssl.txt'}"]
    told = {one["id"]: one for one in json.loads(report.read_text(encoding="utf-8"))}
    high = [one for one in told.values() if one["severity"] in ("HIGH", "CRITICAL", "FATAL") and one["id"] not in OWN_AUTHORITY]
    wrong = [f"testssl: {one['id']}: {one['finding']}" for one in high]
    for version, expected in {"SSLv2": False, "SSLv3": False, "TLS1": False, "TLS1_1": False, "TLS1_2": True, "TLS1_3": True}.items():
        found = told.get(version, {}).get("finding", "nothing")
        if found.startswith("offered") != expected:
            wrong.append(f"testssl: expected {version} {'' if expected else 'not '}to be offered, found {found}")
    return wrong


def logged(site, planted):
    """What the server wrote meanwhile: no failure, no panic, nobody's name."""
    wrong = []
    text = site.log.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines():
        if '"level":"ERROR"' in line or "panicked" in line or not line.startswith("{"):
            wrong.append(f"the log: {line[:400]}")
    wrong += [f"the log has {word}" for word in planted if word in text]
    return wrong

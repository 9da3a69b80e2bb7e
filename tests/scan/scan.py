"""Public scanners over a running server, as nobody and as somebody of each role: scan.py UPTAKE OUT [--long]

Ends with 1 where something is found that must not be, with a list of it. What each scanner said is in the folder OUT.
"""

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import scanners
from scanned import PLANTED, Site

HERE = Path(__file__).parent
BIG = Path("/usr/share/dirb/wordlists/big.txt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("uptake")
    parser.add_argument("out", type=Path)
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    folder = Path(tempfile.mkdtemp(prefix="scan-"))
    site = Site(str(Path(options.uptake).resolve()), folder)
    try:
        wrong = scan(site, options.out.resolve(), options.long)
        ended = site.end()
        wrong += [] if ended == 0 else [f"the server ended with {ended}"]
        shutil.copy(site.log, options.out / "server.log")
        wrong += scanners.logged(site, PLANTED)
    finally:
        site.server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for one in dict.fromkeys(wrong):
        print(f"found: {one}")
    print(f"{len(set(wrong))} findings; what the scanners said is in {options.out}")
    return 1 if wrong else 0


def scan(site, out, is_long):
    begun = time.monotonic()
    people = site.people()
    known = site.fill(people["doctor"])
    print(f"people of {len(people)} roles, made in {time.monotonic() - begun:.0f} s")
    roles = {"anonymous": {}, **{name: one.headers() for name, one in people.items()}}
    wrong = []
    # Two scanners at a time; those that change what is there come after those that look.
    with ThreadPoolExecutor(2) as pool:
        works = []

        def work(what, function, *arguments):
            def timed():
                begun = time.monotonic()
                found = function(*arguments)
                print(f"{what}: {len(found)} found, {time.monotonic() - begun:.0f} s", flush=True)
                return found

            works.append(pool.submit(timed))

        parts = [] if is_long else ["-p", "-P", "-S", "-h"]
        work("testssl", scanners.testssl, site, out, parts)
        words = BIG if is_long else HERE / "names.txt"
        for name in roles if is_long else ("anonymous", "doctor"):
            work(f"ffuf, {name}", scanners.ffuf, site, name, roles[name], out, words)
        crawl_s, attack_s = (300, 120) if is_long else (8, 3)
        for name, headers in roles.items() if is_long else [("anonymous", {}), ("administrator", roles["administrator"])]:
            work(f"wapiti, {name}", scanners.wapiti, site, name, headers, out, crawl_s, attack_s)
        for one in works:
            wrong += one.result()
        works.clear()
        phases, examples = ("examples,coverage,fuzzing", 40) if is_long else ("examples,fuzzing", 3)
        shown = {**roles, "program": bearer(site.token()), "token": bearer(site.everything)}
        for name in shown if is_long else ("anonymous", "doctor", "token"):
            # A program's token is good for ten minutes.
            headers = bearer(site.token()) if name == "program" else shown[name]
            work(f"schemathesis, {name}", scanners.schemathesis, site, name, headers, known, out, examples, phases)
        for one in works:
            wrong += one.result()
    return wrong


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


if __name__ == "__main__":
    sys.exit(main())

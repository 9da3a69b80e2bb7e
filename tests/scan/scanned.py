"""A site to be scanned: `uptake serve` over TLS with some demo studies, and somebody signed in of each role.

People come in by the pages, as everybody does: through the first administrator's link, the sign-in and its second factor.
"""

import hashlib
import hmac
import html
import json
import os
import re
import sqlite3
import struct
import subprocess
import time
from base64 import b32decode
from html.parser import HTMLParser
from pathlib import Path

import requests

PASSWORD = "Nuclear_1"
# A patient whose name and number must stand in no log and no address.
PLANTED = ("PLANTED^PATIENT", "PLANTED-4711")
SCOPES = ["studies.find", "studies.view", "studies.export", "studies.send", "studies.correct", "studies.schedule"]
ACTIONS = "find,retrieve,export,store,schedule,correct,deliver,watch"


class Forms(HTMLParser):
    """The forms of a page: address, and what each field has."""

    def __init__(self, text):
        super().__init__()
        self.all, self.choice = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "form":
            self.all.append({"action": given.get("action", ""), "fields": {}, "names": set()})
        if not self.all or tag not in ("input", "select", "textarea", "option", "button"):
            return
        form = self.all[-1]
        if tag == "option" and self.choice:
            form["fields"].setdefault(self.choice, given.get("value", ""))
        if name:
            form["names"].add(name)
        if tag == "select":
            self.choice = name
        elif tag == "input" and name and given.get("type") not in ("checkbox", "radio", "file", "submit"):
            form["fields"][name] = given.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "select":
            self.choice = None


class Browser:
    """Somebody with a browser."""

    def __init__(self, site, mobile=None):
        self.site, self.mobile, self.secret = site, mobile, None
        self.session = site.session()
        self.session.headers.update({"Accept": "text/html", "Accept-Language": "zh-CN", "Sec-Fetch-Site": "same-origin"})

    def get(self, path):
        self.page = self.session.get(path if path.startswith("http") else self.site.url + path, timeout=60)
        return self.page.text

    def send(self, name, values):
        """Fills in the form that has this field, and sends it."""
        form = next((one for one in Forms(self.page.text).all if name in one["names"]), None)
        if form is None:
            raise SystemExit(f"expected a form with {name} at {self.page.url}, found {self.page.status_code}")
        fields = {**form["fields"], **values}
        token = fields.get("captcha_token")
        if token:
            fields["captcha"] = self.site.captcha(token)
        self.page = self.session.post(self.site.url + form["action"], data=fields, timeout=60)
        if self.page.status_code == 422 and not token and 'name="captcha_token"' in self.page.text:
            # At a new address a captcha is asked for, once who it is was said.
            return self.send(name, values)
        if self.page.status_code != 200:
            raise SystemExit(f"expected a page after {form['action']}, found {self.page.status_code}: {self.page.text[:600]}")
        return self.page.text

    def sign_in(self, password=PASSWORD):
        self.get("/sign-in")
        self.send("mobile", {"mobile": self.mobile, "password": password})

    def set_up_second_factor(self):
        text = self.get("/second-factor")
        self.secret = re.search(r"<ol.*?<code[^>]*>([A-Z2-7 ]+)</code>", text, re.S)[1]
        self.send("code", {"code": code(self.secret)})

    def change_password(self, current):
        self.get("/password")
        self.send("current", {"current": current, "password": PASSWORD, "again": PASSWORD})

    def cookies(self):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies)

    def headers(self):
        """What a scanner sends to be this person."""
        return {"Cookie": self.cookies(), "Sec-Fetch-Site": "same-origin"}


def code(secret):
    """The code of an authenticator (RFC 6238)."""
    secret = secret.replace(" ", "")
    key = b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def first(pattern, text, what):
    found = re.search(pattern, text, re.S)
    if not found:
        raise SystemExit(f"expected {what}, found {text[:600]}")
    return html.unescape(found[1])


class Site:
    def __init__(self, uptake, folder):
        self.uptake, self.folder = uptake, Path(folder)
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.authority = self.folder / "tls" / "authority.pem"
        self.run("tls", "init", "127.0.0.1", "localhost", "--to", str(self.folder / "tls"))
        self.run("demo", str(self.folder / "demo"), "--size", "tiny")
        self.config = self.folder / "uptake.toml"
        self.config.write_text(self.settings(), encoding="utf-8")
        self.serve()

    def session(self):
        """Requests that the machine's own proxies and authorities do not change."""
        session = requests.Session()
        session.trust_env, session.verify = False, str(self.authority)
        return session

    def settings(self):
        tls = self.folder / "tls"
        # A scanner asks more often than a hospital does.
        return f"""[http.tls]
certificate = "{tls / 'server.pem'}"
key = "{tls / 'server.key'}"
[site]
stranger_requests = 1000000
[log]
format = "json"
"""

    def run(self, *arguments):
        return subprocess.run([self.uptake, *arguments], check=True, capture_output=True, text=True).stdout

    def serve(self):
        address = ["--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"]
        command = [self.uptake, "serve", "--config", str(self.config), "--data", str(self.data), *address]
        out = self.folder / "out"
        with open(out, "w", encoding="utf-8") as told, open(self.log, "w", encoding="utf-8") as log:
            self.server = subprocess.Popen(command, stdout=told, stderr=log)
        deadline = time.monotonic() + 120
        while "\ndata " not in out.read_text(encoding="utf-8"):
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"expected a server, found {self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.1)
        told = out.read_text(encoding="utf-8")
        self.url = first(r"^http +(\S+)", told, "an address")
        self.link = first(r"first administrator +(\S+)", told, "the first administrator's link")

    def end(self):
        self.server.terminate()
        return self.server.wait(timeout=60)

    def captcha(self, token):
        """What a captcha shows: read from the database, as the picture is made not to be read by programs."""
        with sqlite3.connect(self.data / "index.sqlite") as database:
            rows = database.execute("SELECT content FROM one_time WHERE token = ?", (hashlib.sha256(token.encode()).hexdigest(),))
            return rows.fetchone()[0]

    def people(self):
        """Somebody signed in of each role."""
        system, links = self.officer(self.link, "13900000001", "王系统")
        security, _ = self.officer(links[0], "13900000002", "李安全")
        audit, _ = self.officer(links[1], "13900000003", "张审计")
        system.get("/platform/organisations/new")
        text = system.send("administrator", {"name": "第一人民医院", "administrator": "赵主任", "mobile": "13700000001"})
        chief = Browser(self, "13700000001")
        password = first(r'<code class="long">(.*?)</code>', text, "the first password")
        chief.sign_in(password)
        chief.change_password(password)
        chief.set_up_second_factor()
        doctor = self.doctor(chief)
        self.program = self.let_in(security)
        self.everything = self.run("pacs", "token", "scanner", "--may", ACTIONS, "--config", str(self.config), "--data", str(self.data))
        self.everything = self.everything.split()[-1]
        return {"doctor": doctor, "administrator": chief, "system": system, "security": security, "audit": audit}

    def officer(self, link, mobile, name):
        """Follows a link that makes an administrator of the platform; gives the links that are shown then."""
        one = Browser(self, mobile)
        one.get(link)
        text = one.send("name", {"name": name, "mobile": mobile, "password": PASSWORD, "again": PASSWORD})
        links = re.findall(r'href="([^"]*/set-up/[^"]+)"', text)
        one.sign_in()
        one.set_up_second_factor()
        return one, links

    def doctor(self, chief):
        """A member who may look, take away, add, correct and schedule."""
        chief.get("/roles/new")
        words = [f"studies-{word}" for word in ("view", "export", "send", "correct", "schedule")]
        chief.send("permission", {"name": "医生", "permission": words})
        text = chief.get("/members/new")
        role = first(r'<option value="(\d+)"[^>]*>医生</option>', text, "the role among those of members")
        text = chief.send("mobile", {"name": "单于飞", "mobile": "13800000001", "role": role})
        password = first(r'<code class="long">(.*?)</code>', text, "the first password")
        doctor = Browser(self, "13800000001")
        doctor.sign_in(password)
        doctor.change_password(password)
        return doctor

    def let_in(self, security):
        """A program that has tokens of its own; gives its name and secret."""
        text = security.get("/platform/clients/new")
        hospital = first(r'<option value="(\d+)"[^>]*>第一人民医院', text, "the hospital among organisations")
        values = {"name": "扫描", "organisation": hospital, "kind": "confidential", "grant_types": ["client_credentials"], "scopes": SCOPES}
        text = security.send("grant_types", values)
        secret = first(r'<code class="long">(.*?)</code>', text, "the program's secret")
        return first(r"<code>(upt-[^<]+)</code>", text, "the program's name"), secret

    def token(self):
        """A token of the program, good for ten minutes."""
        form = {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}
        answer = self.session().post(f"{self.url}/oauth/token", data=form, auth=self.program, timeout=60)
        return answer.json()["access_token"]

    def fill(self, doctor, most=30):
        """Stores some demo objects and a planted patient's picture; gives what hooks.py wants to know."""
        paths = sorted(path for path in (self.folder / "demo").rglob("*.dcm"))
        paths = paths[:: max(1, len(paths) // most)][:most]
        headers = {"Accept": "application/dicom+json"}
        instances = []
        for path in paths:
            sent = {**headers, "Content-Type": "application/dicom"}
            answer = doctor.session.post(f"{self.url}/dicom-web/studies", data=path.read_bytes(), headers=sent, timeout=60)
            if answer.status_code != 200:
                raise SystemExit(f"expected {path} to be stored, found {answer.status_code} {answer.text[:300]}")
        name, number = PLANTED
        said = json.dumps({"patient_name": name, "patient_id": number, "study_description": "planted"})
        files = [("identity", ("", said, "application/json")), ("file", ("picture.png", PICTURE, "image/png"))]
        answer = doctor.session.post(f"{self.url}/archive/convert", files=files, headers=headers, timeout=60)
        if answer.status_code != 200:
            raise SystemExit(f"expected the planted picture to be stored, found {answer.status_code} {answer.text[:300]}")
        for found in doctor.session.get(f"{self.url}/dicom-web/instances?limit=200", headers=headers, timeout=60).json():
            address = found["00081190"]["Value"][0]
            if not address.startswith(self.url):
                raise SystemExit(f"expected addresses that begin with {self.url}, found {address}")
            instances.append([found[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")])
        known = self.folder / "known.json"
        known.write_text(json.dumps({"objects": [str(path) for path in paths[:6]], "instances": instances}), encoding="utf-8")
        return known


def picture():
    """A grey PNG of 8 by 8."""
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(range(0, 256, 32)) for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = picture()

//! The commands of the archive and of the gateway, as a person at a hospital types them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::objects::{file, study_uid};
use super::{Served, folders, senders, verified};

/// Two by two pixels: 16, 32, 48, 64.
const PNG: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x02\x00\x00\x00\x02\
      \x08\x00\x00\x00\x00\x57\xdd\x52\xf8\x00\x00\x00\x0e\x49\x44\x41\x54\x78\xda\x63\x10\x50\x60\x30\
      \x70\x00\x00\x01\x76\x00\xa1\xf1\x58\xc4\x82\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// What a command ended with.
struct Ran {
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Ran {
    fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.errors);
        self.out
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// What must fail, with words that say why.
    fn refused(self, part: &str) {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.errors);
        let all = self.out + &self.errors;
        assert!(all.contains(part), "expected {part:?} in {all}");
    }
}

fn run(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .args(arguments)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with the first images of a round, in a folder below it, and a note.
fn write_images(folder: &Path, round: u64, number: u64) {
    fs::create_dir_all(folder.join("below")).unwrap();
    fs::write(folder.join("note.txt"), "no DICOM").unwrap();
    for number in 0..number {
        fs::write(folder.join("below").join(number.to_string()), file(round, number)).unwrap();
    }
}

fn import(data: &Path, path: &Path) -> Ran {
    run(&["pacs", "import", "--json", "--data", text(data), text(path)])
}

/// The bytes of a file that an export wrote, without a zip's or a disc's frame around them.
fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_leaves_as_folder_or_zip_comes_in_again_byte_for_byte() {
    let folder = folders::new("export");
    let at = |name: &str| folder.path().join(name);
    write_images(&at("images"), 11, 12);
    let report = import(&at("first"), &at("images"));
    assert_eq!(report.json()["stored"], 12);
    assert_eq!(report.json()["left_out"], 1);
    report.good();
    let study = study_uid(11);
    let export = |arguments: &[&str]| {
        let first = at("first");
        let mut all = vec!["pacs", "export", "--data", text(&first), "--study", &study];
        all.extend(arguments);
        run(&all)
    };
    for (name, arguments) in [
        ("folder", vec!["--folder"]),
        ("named", vec!["--names", "plain", "--folder"]),
        ("stored.zip", vec!["--zip"]),
        ("deflated.zip", vec!["--deflate", "--names", "anonymous", "--zip"]),
    ] {
        let to = at(name);
        let arguments = [&arguments[..], &[text(&to)]].concat();
        export(&arguments).good();
        let second = at(&format!("{name} second"));
        let report = import(&second, &to);
        assert_eq!(report.json()["stored"], 12, "{name}");
        report.good();
        // What was sent out of the first archive is what came into it: its SHA-256 is known.
        assert_eq!(import(&second, &at("images")).json()["duplicates"], 12, "{name}");
        assert_eq!(verified(&second)["objects"], 12, "{name}");
        export(&arguments).refused("cannot write");
    }
    assert!(at("folder/DICOMDIR").is_file() && at("folder/README.TXT").is_file());
    assert!(at("named/Chaos Test CHAOS").is_dir());

    export(&["--iso", text(&at("disc.iso"))]).good();
    let disc = fs::read(at("disc.iso")).unwrap();
    assert!((0..12).all(|number| holds(&disc, &file(11, number))));
    export(&["--zip", text(&at("none.zip")), "--series", "2.25.1"]).refused("no such study or series");
    assert!(!at("none.zip").exists());
}

#[test]
fn a_deidentified_zip_names_nobody() {
    let folder = folders::new("deidentified");
    let at = |name: &str| folder.path().join(name);
    write_images(&at("images"), 12, 3);
    import(&at("data"), &at("images")).good();
    fs::write(at("key"), "7f".repeat(32)).unwrap();
    fs::write(at("short"), "7f").unwrap();
    let export = |zip: &str, key: &str, more: &[&str]| {
        let (data, zip, key) = (at("data"), at(zip), at(key));
        let study = study_uid(12);
        let first = [
            "pacs",
            "export",
            "--data",
            text(&data),
            "--study",
            &study,
            "--deidentify",
        ];
        run(&[&first[..], &["--zip", text(&zip), "--key-file", text(&key)], more].concat())
    };
    export("1.zip", "key", &["--names", "anonymous"]).good();
    export("2.zip", "key", &["--names", "anonymous"]).good();
    let zip = fs::read(at("1.zip")).unwrap();
    assert!(!holds(&zip, b"Chaos") && !holds(&zip, study_uid(12).as_bytes()));
    let again = import(&at("other"), &at("1.zip"));
    assert_eq!(again.json()["stored"], 3, "{}", again.out);
    let again = import(&at("other"), &at("2.zip"));
    assert_eq!(
        again.json()["duplicates"],
        3,
        "one key gives one pseudonym: {}",
        again.out
    );
    export("3.zip", "key", &["--names", "plain"]).refused("would name the patient");
    export("3.zip", "short", &[]).refused("64 hexadecimal digits");
}

#[test]
fn what_is_damaged_is_named_and_ends_in_an_error() {
    let folder = folders::new("damaged");
    let at = |name: &str| folder.path().join(name);
    write_images(&at("images"), 13, 2);
    fs::write(at("images/cut"), &file(13, 9)[..300]).unwrap();
    let report = import(&at("data"), &at("images"));
    assert_eq!(report.json()["stored"], 2);
    assert!(report.json()["refused"][0][0].as_str().unwrap().ends_with("/cut"));
    report.refused("1 files were refused");
}

#[test]
fn a_picture_becomes_an_object_of_the_patient_it_is_said_to_be_of() {
    let folder = folders::new("convert");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("picture.png"), PNG).unwrap();
    fs::write(at("picture.doc"), "words").unwrap();
    let convert = |file: &str, patient: &str| {
        let (file, to) = (at(file), at("picture.dcm"));
        run(&[
            "pacs",
            "convert",
            text(&file),
            "--patient-id",
            patient,
            "--patient-name",
            "Zhang^San=张^三",
            "--study",
            "2.25.99",
            "--study-date",
            "20260102",
            "-o",
            text(&to),
        ])
    };
    convert("picture.doc", "P1").refused("expected JPEG, PNG");
    convert("picture.png", " ").refused("never guessed");
    convert("picture.png", "P1").good();
    let report = import(&at("data"), &at("picture.dcm"));
    assert_eq!(report.json()["stored"], 1);
    let (data, to) = (at("data"), at("out"));
    let data = text(&data);
    run(&[
        "pacs",
        "export",
        "--data",
        data,
        "--study",
        "2.25.99",
        "--names",
        "plain",
        "--folder",
        text(&to),
    ])
    .good();
    let named = fs::read_dir(&to).unwrap().next().unwrap().unwrap().file_name();
    assert!(named.to_str().unwrap().ends_with("P1"), "{named:?}");
}

#[test]
fn the_worklist_and_the_applications_change_while_the_archive_is_served() {
    let folder = folders::new("rows");
    let data = folder.path().join("data");
    let served = Served::start(&data);
    let data = text(&data);
    let add = |id: &str, more: &[&str]| {
        let first = [
            "pacs",
            "worklist",
            "add",
            "--data",
            data,
            "--id",
            id,
            "--patient-id",
            "P1",
            "--patient-name",
            "Zhang^San=张^三",
            "--modality",
            "PT",
            "--station",
            "PET1",
            "--date",
            "20260102",
            "--time",
            "0930",
            "--description",
            "FDG",
        ];
        run(&[&first[..], more].concat())
    };
    assert_eq!(add("S1", &["--sex", "F", "--weight-kg", "61.5"]).good(), "S1\n");
    add("S1", &[]).refused("S1 is there already");
    add("S2", &["--sex", "X"]).refused("--sex");
    let list = |more: &[&str]| {
        run(&[&["pacs", "worklist", "list", "--json", "--data", data][..], more].concat()).json()
    };
    let all = list(&["--date", "20260101-20260131"]);
    assert_eq!(all[0]["patient_name"], "Zhang^San=张^三");
    assert_eq!(all[0]["station"], "PET1");
    assert_eq!(list(&["--modality", "NM"]), json!([]));
    run(&["pacs", "worklist", "state", "--data", data, "S1", "in-progress"]).good();
    assert_eq!(list(&["--state", "in-progress"])[0]["step"], "S1");
    let (_, answer) = get(served.http, "/worklist", None);
    assert_eq!(answer["items"][0]["state"], "IN PROGRESS");
    fs::write(
        folder.path().join("item.json"),
        answer["items"][0]["item"].to_string().replace("S1", "S3"),
    )
    .unwrap();
    let item = folder.path().join("item.json");
    assert_eq!(
        run(&["pacs", "worklist", "import", "--data", data, text(&item)]).good(),
        "S3\n"
    );
    assert_eq!(list(&[]).as_array().unwrap().len(), 2);

    let ae =
        |command: &str, more: &[&str]| run(&[&["pacs", "ae", command, "--data", data][..], more].concat());
    ae(
        "add",
        &[
            "PET1",
            "--address",
            "10.1.2.3:104",
            "--from",
            "10.1.0.0/16",
            "--may",
            "store,schedule",
        ],
    )
    .good();
    ae(
        "add",
        &[
            "PET1",
            "--address",
            "10.1.2.4:104",
            "--may",
            "store",
            "--character-set",
            "GB18030",
        ],
    )
    .good();
    ae("add", &["A TITLE TOO LONG FOR DICOM"]).refused("AE title");
    ae("add", &["PET2", "--may", "deliver"]).refused("--may");
    let all = ae("list", &["--json"]).json();
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(all[0]["address"], "10.1.2.4:104");
    assert_eq!(all[0]["may"], json!(["store"]));
    assert_eq!(all[0]["character_set"], "GB18030");
    ae("remove", &["PET1"]).good();
    ae("remove", &["PET1"]).refused("no application");

    // Objects are the server's alone.
    assert_eq!(
        run(&["pacs", "import", "--data", data, text(&item)]).code,
        Some(1)
    );
}

#[test]
fn peers_follow_the_file_and_figures_and_deliveries_are_shown() {
    let folder = folders::new("peers");
    let (data, file) = (folder.path().join("data"), folder.path().join("uptake.toml"));
    let ae = |command: &str, more: &[&str]| {
        run(&[&["pacs", "ae", command, "--data", text(&data)][..], more].concat())
    };
    let serve = |peers: &str| {
        fs::write(&file, peers).unwrap();
        Served::start_with(&data, &["--config", text(&file)], &[])
    };
    let titles = || {
        let all = ae("list", &["--json"]).json();
        let all = all.as_array().unwrap().iter();
        let title = |one: &Value| {
            (
                one["ae_title"].as_str().unwrap().to_owned(),
                one["configured"] == true,
            )
        };
        all.map(title).collect::<Vec<_>>()
    };
    let served = serve("[dicom.peers.CT1]\n[dicom.peers.PET1]\n");
    ae("add", &["LIVE", "--may", "store"]).good();
    let (pet, live) = (("PET1".to_owned(), true), ("LIVE".to_owned(), false));
    assert_eq!(titles(), [("CT1".to_owned(), true), live.clone(), pet.clone()]);
    ae("remove", &["CT1"]).refused("stands in the configuration");
    ae("add", &["CT1"]).refused("stands in the configuration");
    // What nothing was counted of yet is not listed; this request is, by the next.
    get_text(served.http, "/metrics", None);
    let figures = get_text(served.http, "/metrics", None).1;
    for figure in ["uptake_scrub_overdue_seconds", "uptake_http_requests_total"] {
        assert!(
            figures.contains(&format!("# TYPE {figure}")) || figures.contains(&format!("# HELP {figure}")),
            "{figures}"
        );
    }
    let (status, listed) = get(served.http, "/archive/deliveries", None);
    assert_eq!((status, listed), (200, json!({ "items": [], "next": null })));
    served.end();
    serve("[dicom.peers.PET1]\n").end();
    assert_eq!(titles(), [live, pet]);
}

#[test]
fn a_token_is_listed_until_it_is_revoked() {
    let folder = folders::new("tokens");
    let data = text(folder.path());
    let token = |more: &[&str]| run(&[&["pacs", "token", "--data", data][..], more].concat());
    token(&["--revoke", "a"]).refused("no token is named a");
    let secret = token(&["a", "--may", "find,retrieve"]).good();
    let other = token(&["b", "--may", "store"]).good();
    token(&["a", "--may", "find"]).refused("a is there already");
    token(&["c"]).refused("--may");
    let listed = token(&["--list"]).good();
    let words: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!(words, ["a", "find,retrieve", "b", "store"]);
    let served = Served::start_closed(folder.path());
    let studies = |token: &str| get(served.http, "/dicom-web/studies", Some(token.trim())).0;
    assert_eq!(studies(&secret), 200);
    token(&["--revoke", "a"]).good();
    until(&401, || studies(&secret));
    assert_eq!(studies(&other), 403, "the others stay");
    assert_eq!(
        token(&["--list"]).good().split_whitespace().collect::<Vec<_>>(),
        ["b", "store"]
    );
}

/// `uptake gateway run`, ended with the test.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Addresses of this machine that nobody listened at a moment ago.
fn free() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

pub fn get(http: SocketAddr, path: &str, token: Option<&str>) -> (u16, Value) {
    let (status, body) = get_text(http, path, token);
    (status, serde_json::from_str(&body).unwrap_or_default())
}

fn get_text(http: SocketAddr, path: &str, token: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(http).unwrap();
    let token = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{token}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (answer[9..12].parse().unwrap(), body.to_owned())
}

/// Asks until a question is answered so.
fn until<T: PartialEq + std::fmt::Debug>(expected: &T, ask: impl Fn() -> T) {
    let begun = Instant::now();
    loop {
        let found = ask();
        if found == *expected {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "expected {expected:?}, found {found:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_gateway_delivers_to_the_archive_that_enrolled_it_and_to_no_other() {
    let folder = folders::new("gateway");
    let at = |name: &str| folder.path().join(name);
    let cloud_data = at("cloud");
    let enrolled = |command: &str, name: &str| run(&["gateway", command, "--data", text(&cloud_data), name]);
    let key = enrolled("enroll", "ward").good();
    enrolled("enroll", "ward").refused("ward is taken");
    fs::write(at("key"), &key).unwrap();
    fs::write(at("wrong"), "0".repeat(64)).unwrap();
    let token = run(&[
        "pacs",
        "token",
        "--data",
        text(&cloud_data),
        "reader",
        "--may",
        "find",
    ])
    .good();
    let cloud = Served::start_closed(&cloud_data);

    // Enrolled while the archive is served.
    fs::write(at("code"), enrolled("code", "clinic").good()).unwrap();
    let mut config = String::new();
    for name in ["key", "wrong", "code"] {
        config += &format!(
            "[[destination]]\nname = \"{name}\"\nnode.cloud = {{ url = \"http://{}\", key_file = {:?} }}\n",
            cloud.http,
            at(name)
        );
    }
    config += "[[rule]]\nname = \"all\"\nto = [\"key\"]\n";
    fs::write(at("gateway.toml"), config).unwrap();
    let config = at("gateway.toml");
    let test = |name: &str| run(&["gateway", "test", "--config", text(&config), name]);
    assert_eq!(test("key").good(), "The node answers and accepts us.\n");
    assert_eq!(test("code").good(), "The node answers and accepts us.\n");
    test("wrong").refused("Key: the node does not accept it (status 401).");
    test("other").refused("no destination is named other");
    run(&["gateway", "test", "--chinese", "--config", text(&config), "wrong"]).refused("密钥：对方不接受");

    let [dicom, page] = free();
    let process = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .args([
            "gateway",
            "run",
            "--aet",
            "UPTAKE",
            "--config",
            text(&config),
            "--data",
            text(&at("site")),
        ])
        .args(["--dicom", &dicom.to_string(), "--page", &page.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let gateway = Gateway(process);
    let page = page.to_string();
    let status = || run(&["gateway", "status", "--json", "--page", &page]);
    until(&Some(0), || status().code);
    assert_eq!(status().json()["port"], dicom.port());

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (acknowledged, _) = runtime.block_on(senders::store(dicom, 14, (0..20).collect()));
    assert_eq!(acknowledged.len(), 20);
    until(&json!(20), || {
        status().json()["destinations"][0]["delivered"].clone()
    });
    let said = run(&["gateway", "status", "--page", &page]).good();
    assert!(said.contains("key: 0 waiting, 0 sending, 20 delivered"), "{said}");
    let path = format!("/dicom-web/studies/{}/instances", study_uid(14));
    let (code, found) = get(cloud.http, &path, Some(token.trim()));
    assert_eq!((code, found.as_array().unwrap().len()), (200, 20));
    assert_eq!(get(cloud.http, &path, None).0, 401);

    enrolled("revoke", "ward").good();
    enrolled("revoke", "ward").refused("nobody named ward");
    test("key").refused("Key: the node does not accept it (status 401).");
    let devices = run(&["gateway", "devices", "--json", "--data", text(&cloud_data)]).json();
    assert_eq!(
        (&devices[0]["name"], &devices[1]["name"]),
        (&json!("clinic"), &json!("ward"))
    );
    assert!(devices[0]["revoked_ns"].is_null() && devices[1]["revoked_ns"].is_i64());
    drop(gateway);
    assert_eq!(status().code, Some(1));
    cloud.end();
    assert_eq!(verified(&cloud_data)["objects"], 20);
}

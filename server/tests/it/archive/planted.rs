//! Patients' names and numbers, mobile numbers, passwords and tokens appear in no log, no address, no page of an error,
//! however much is logged and whatever goes wrong.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::folders;
use super::objects::{file, study_uid};
use crate::command_line::uptake;

/// As long as what it stands for in the images of the tests.
const NAME: &str = "Zplq^Vexow";
const ID: &str = "ZQ471";
const MOBILE: &str = "13899994711";
const PASSWORD: &str = "Zplq_Vexow1";
const TOKEN: &str = "zplq-token-that-nobody-has-0123456789";

/// An image of the planted patient.
fn image(number: u64) -> Vec<u8> {
    let mut bytes = file(31, number);
    for (from, to) in [("Chaos^Test", NAME), ("CHAOS", ID)] {
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// The planted words as they may be written.
fn planted() -> Vec<String> {
    let mut words: Vec<String> = [NAME, ID, MOBILE, PASSWORD, TOKEN].map(str::to_owned).to_vec();
    words.extend(["Zplq", "Vexow", "Zplq%5EVexow", "zplq", "vexow"].map(str::to_owned));
    words
}

fn found(text: &str) -> Option<String> {
    planted().into_iter().find(|word| text.contains(word.as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_is_in_no_log_no_address_and_no_page_of_an_error() {
    let folder = folders::new("planted");
    let data = folder.path().join("data");
    let made = uptake(&[
        "pacs",
        "token",
        "all",
        "--may",
        "store,find,retrieve,export,correct,schedule",
        "--data",
        data.to_str().unwrap(),
    ]);
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let log = folder.path().join("log");
    let mut process = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .args([
            "serve",
            "--http",
            "127.0.0.1:0",
            "--dicom",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(&data)
        .env(
            "UPTAKE_LOG_FILTER",
            "debug,uptake=trace,platform=trace,pacs=trace,dimse=trace,journal=trace,database=trace",
        )
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
    let base = said
        .find_map(|line| {
            line.ok()?
                .strip_prefix("http ")
                .map(|rest| rest.trim().to_owned())
        })
        .unwrap();

    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let mut statuses = Vec::new();
    let mut ask = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let heads = format!("{:?}", response.headers());
        let text = response.text().await.unwrap();
        statuses.push(status);
        assert_eq!(found(&heads), None, "{status} {heads}");
        // A form that is wrong comes back as it was typed, to whoever typed it.
        if status >= 400 && status != 422 {
            assert_eq!(found(&text), None, "{status} {text}");
        }
        (status, text)
    };
    let part = |bytes: &[u8]| {
        [
            b"--part\r\nContent-Type: application/dicom\r\n\r\n",
            bytes,
            b"\r\n",
        ]
        .concat()
    };
    let stow = |parts: Vec<Vec<u8>>| {
        let body = [parts.concat(), b"--part--\r\n".to_vec()].concat();
        client
            .post(format!("{base}/dicom-web/studies"))
            .bearer_auth(&token)
            .header("accept", "application/dicom+json")
            .header(
                "content-type",
                "multipart/related; type=\"application/dicom\"; boundary=part",
            )
            .body(body)
    };
    assert_eq!(ask(stow(vec![part(&image(0)), part(&image(1))])).await.0, 200);
    // What is refused: cut off, without a UID, no DICOM at all.
    let (cut, mut other) = (image(2)[..400].to_vec(), image(3));
    let uid = other.windows(6).rposition(|window| window == b"2.25.7").unwrap();
    other[uid..uid + 6].copy_from_slice(b"Zplq^V");
    ask(stow(vec![part(&cut), part(&other), part(NAME.as_bytes())])).await;
    let get = |path: &str| client.get(format!("{base}{path}")).bearer_auth(&token);
    let (status, studies) = ask(get("/dicom-web/studies?PatientName=Zplq*&includefield=all")).await;
    assert!(
        status == 200 && studies.contains(NAME),
        "the planted patient is there: {studies}"
    );
    for path in [
        "/dicom-web/studies?PatientID=ZQ471&limit=Zplq",
        "/dicom-web/studies?StudyDate=Zplq%5EVexow",
        "/dicom-web/studies?Zplq%5EVexow=1",
        "/dicom-web/studies?includefield=Zplq%5EVexow",
        "/dicom-web/studies/Zplq%5EVexow/metadata",
        "/dicom-web/studies/Zplq%5EVexow/series/Zplq/instances/ZQ471/frames/Zplq",
        "/wado?requestType=WADO&studyUID=Zplq%5EVexow&seriesUID=ZQ471&objectUID=ZQ471",
        "/archive/places/Zplq%5EVexow",
        "/Zplq%5EVexow",
        "/static/Zplq/Vexow",
    ] {
        let (status, text) = ask(get(path)).await;
        assert!(status >= 400 || !text.contains(NAME), "{path}: {status}");
        ask(get(path).header("accept", "text/html")).await;
        ask(client.get(format!("{base}{path}")).bearer_auth(TOKEN)).await;
    }
    for path in [
        "/archive/merges",
        "/archive/corrections",
        "/archive/rejections",
        "/archive/removals",
        "/archive/holds",
        "/archive/worklist",
    ] {
        for body in [
            format!("{{\"{NAME}\":\"{ID}\"}}"),
            format!("{{\"study\":\"{NAME}\",\"reason\":\"{ID}\"}}"),
            NAME.to_owned(),
        ] {
            let post = client.post(format!("{base}{path}")).bearer_auth(&token);
            ask(post.header("content-type", "application/json").body(body)).await;
        }
    }
    ask(get(&format!("/dicom-web/studies/{}/metadata", study_uid(31)))).await;
    // People: what they type at the door.
    let form = |path: &str, body: String| {
        let post = client
            .post(format!("{base}{path}"))
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html");
        post.header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    for (path, body) in [
        (
            "/sign-in",
            format!("mobile={MOBILE}&password={PASSWORD}&captcha=1234"),
        ),
        ("/sign-in/code", format!("code={TOKEN}")),
        ("/forgotten", format!("mobile={MOBILE}&captcha=1234")),
        (
            "/register",
            format!(
                "kind=doctor&name=Zplq&mobile={MOBILE}&password={PASSWORD}&again={PASSWORD}&hospital=Vexow"
            ),
        ),
        ("/register", format!("kind=Zplq&mobile={MOBILE}")),
        (
            &format!("/reset/{TOKEN}"),
            format!("password={PASSWORD}&again={PASSWORD}"),
        ),
        (
            &format!("/set-up/{TOKEN}"),
            format!("password={PASSWORD}&mobile={MOBILE}"),
        ),
    ] {
        ask(form(path, body)).await;
    }
    let mut counts = std::collections::BTreeMap::new();
    for status in statuses {
        *counts.entry(status / 100).or_insert(0) += 1;
    }
    println!("answers by hundreds: {counts:?}");
    assert!(counts[&4] > 40 && !counts.contains_key(&5), "{counts:?}");
    Command::new("kill")
        .arg(process.id().to_string())
        .status()
        .unwrap();
    process.wait().unwrap();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 30, "much was logged: {log}");
    let line = log.lines().find(|line| found(line).is_some());
    assert_eq!(line, None);
}

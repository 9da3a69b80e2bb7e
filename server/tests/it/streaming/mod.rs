//! Pictures over sockets, as `uptake serve` draws them for pages: two hospitals, two doctors and a study of each.

mod consultation;
mod hostile;
mod socket;

use std::path::Path;

use database::{Place, Sql};
use pacs::index::Index;
use platform::clock::Clock;
use platform::organisations::{membership, store as organisations};
use platform::people::store::{self as people, NewAccount};
use platform::permissions::Kind;
use platform::settings::Settings;
use platform::{Platform, secrets};
use serde_json::Value;

use crate::archive::Served;
use crate::command_line::uptake;

/// A hospital with two who are signed in, and its PET-CT.
struct Hospital {
    cookie: String,
    colleague: String,
    study: String,
    /// The CT.
    series: String,
}

/// Fills a data folder and serves it.
async fn site(folder: &Path) -> (Served, [Hospital; 2]) {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let staff = {
        let index = Index::open(&Place::Sqlite(data.join("index.sqlite")))
            .await
            .unwrap();
        let (readers, writer) = (index.readers().clone(), index.turns().clone());
        let (keys, settings) = (data.join("keys"), Settings::default());
        let platform = Platform::open(readers, writer, &keys, settings, Clock::System)
            .await
            .unwrap();
        [
            doctors(&platform, "第一医院", ["13800000001", "13800000003"]).await,
            doctors(&platform, "人民医院", ["13800000002", "13800000004"]).await,
        ]
    };
    for (seed, (organisation, _)) in staff.iter().enumerate() {
        bring(folder, &data, seed, *organisation);
    }
    let served = Served::start_closed(&data);
    let mut hospitals = Vec::new();
    for (_, cookies) in staff {
        hospitals.push(hospital(&served, cookies).await);
    }
    let hospitals = hospitals
        .try_into()
        .unwrap_or_else(|_| panic!("expected two hospitals"));
    (served, hospitals)
}

/// What the two of a hospital are called.
const NAMES: [&str; 2] = ["李医生", "王医生"];

/// A hospital's number, and the cookies of two there.
async fn doctors(platform: &Platform, name: &str, mobiles: [&str; 2]) -> (i64, [String; 2]) {
    let now_ns = platform.clock().now_ns();
    let change = platform.writer().begin().await.unwrap();
    let (hospital, role) = organisations::add(&*change, Kind::Hospital, name, now_ns)
        .await
        .unwrap();
    let mut cookies = Vec::new();
    for (name, mobile) in NAMES.into_iter().zip(mobiles) {
        let new = NewAccount {
            kind: "staff",
            state: "active",
            mobile,
            name,
            password: "none",
            ..NewAccount::default()
        };
        let account = people::add(&*change, &new, now_ns).await.unwrap().unwrap();
        membership::add(&*change, account, hospital, role, "active", None, now_ns)
            .await
            .unwrap();
        let token = secrets::token().unwrap();
        let mut sql = Sql::new(
            "INSERT INTO sessions (token, person, organisation, created_ns, seen_ns, address, agent, second_factor_ns) VALUES (",
        );
        sql.bind(secrets::kept(&token))
            .push(", ")
            .bind_all([account, hospital, now_ns, now_ns]);
        sql.push(", '127.0.0.1', 'test', ").bind(now_ns).push(")");
        sql.run(&*change).await.unwrap();
        cookies.push(format!("uptake_session={token}"));
    }
    change.commit().await.unwrap();
    (
        hospital,
        cookies.try_into().unwrap_or_else(|_| panic!("expected two")),
    )
}

/// Makes a tiny PET-CT, which becomes an organisation's.
fn bring(folder: &Path, data: &Path, seed: usize, organisation: i64) {
    let demo = folder.join(format!("demo-{seed}"));
    let (demo, data) = (demo.to_str().unwrap(), data.to_str().unwrap());
    let seed = (seed + 1).to_string();
    let petct = format!("{demo}/petct");
    let number = organisation.to_string();
    for arguments in [
        &["demo", demo, "--size", "tiny", "--seed", &seed][..],
        &[
            "pacs",
            "import",
            "--organisation",
            &number,
            "--data",
            data,
            &petct,
        ],
    ] {
        let output = uptake(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// What somebody's hospital has.
async fn hospital(served: &Served, [cookie, colleague]: [String; 2]) -> Hospital {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let ask = async |path: String| {
        let asked = client.get(format!("http://{}/dicom-web/studies{path}", served.http));
        let answer = asked.header("cookie", &cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_slice::<Vec<Value>>(&answer.bytes().await.unwrap()).unwrap()
    };
    let uid = |object: &Value, tag: &str| object[tag]["Value"][0].as_str().unwrap().to_owned();
    let studies = ask(String::new()).await;
    assert_eq!(studies.len(), 1, "expected the hospital's own study alone");
    let study = uid(&studies[0], "0020000D");
    let series = ask(format!("/{study}/series?Modality=CT")).await;
    let series = uid(&series[0], "0020000E");
    Hospital {
        cookie,
        colleague,
        study,
        series,
    }
}

//! Two nodes over one PostgreSQL and one bucket, one of them killed again and again: whoever asks once more, with the same
//! key, has what was asked for, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use database::{Database, Place, Sql, Writer};
use platform::clock::Clock;
use platform::organisations::{membership, store as organisations};
use platform::people::store::{self as people, NewAccount};
use platform::permissions::Kind;
use platform::settings::Settings;
use platform::{Platform, secrets};

use super::buckets::s3;
use super::chaos::rounds;
use super::objects::{file, sop_uid};
use super::{Served, folders, postgres};
use crate::command_line::json;

/// What two nodes have in common.
struct Shared {
    config: PathBuf,
    database: Place,
    keys: PathBuf,
}

fn shared(server: &s3::Server, database: Place, folder: &Path) -> Shared {
    let Place::Postgres(url) = &database else {
        panic!("expected a PostgreSQL");
    };
    let (config, keys) = (folder.join("uptake.toml"), folder.join("keys"));
    std::fs::write(folder.join("postgres-url"), url).unwrap();
    let text = format!(
        "[index]\npostgres_url_file = \"{0}/postgres-url\"\n[http]\ntokens = \"{0}/tokens.toml\"\n[site]\nkeys = \"{0}/keys\"\n\
         [storage.main.s3]\nendpoint = \"{1}\"\npath_style = true\nbucket = \"{2}\"\nprefix = \"nodes\"\n\
         credentials_file = \"{3}\"\ntimeout_s = 5\n",
        folder.display(),
        server.endpoint(),
        s3::BUCKET,
        server.credentials().display(),
    );
    std::fs::write(&config, text).unwrap();
    Shared {
        config,
        database,
        keys,
    }
}

impl Shared {
    fn start(&self, data: &Path) -> Served {
        Served::spawn(data, &["--config", self.config.to_str().unwrap()], &[])
    }

    async fn platform(&self) -> Platform {
        let readers = Database::open(&self.database, 2).await.unwrap();
        let writer = Writer::new(Database::open(&self.database, 1).await.unwrap());
        Platform::open(readers, writer, &self.keys, Settings::default(), Clock::System)
            .await
            .unwrap()
    }
}

/// The cookie of an administrator of a hospital, who is signed in.
pub(super) async fn administrator(platform: &Platform) -> String {
    let now_ns = platform.clock().now_ns();
    let change = platform.writer().begin().await.unwrap();
    let (hospital, role) = organisations::add(&*change, Kind::Hospital, "人民医院", now_ns)
        .await
        .unwrap();
    let new = NewAccount {
        kind: "staff",
        state: "active",
        mobile: "13800000001",
        name: "李主任",
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
    change.commit().await.unwrap();
    format!("uptake_session={token}")
}

/// The addresses of the two nodes, as a balancer in front of them knows them.
type Nodes = Arc<Mutex<[SocketAddr; 2]>>;

/// What clients did: how often they had to ask once more, and what did not come about even so.
#[derive(Debug, Default)]
struct Tally {
    done: BTreeMap<&'static str, u64>,
    again: u64,
    failed: Vec<String>,
}

/// Asks one node, and the other once more where the first does not answer, or cannot.
async fn asked(
    client: &reqwest::Client,
    nodes: &Nodes,
    tally: &Mutex<Tally>,
    turn: usize,
    what: &'static str,
    request: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    (method, path): (reqwest::Method, &str),
) -> Option<String> {
    let mut last = String::new();
    for attempt in 0..2 {
        let address = nodes.lock().unwrap()[(turn + attempt) % 2];
        let asking = request(client.request(method.clone(), format!("http://{address}{path}")));
        let answer = async {
            let response = asking.send().await?;
            let status = response.status();
            reqwest::Result::Ok((status, response.text().await?))
        };
        match answer.await {
            Ok((status, text)) if status.is_success() || status.is_redirection() => {
                let mut tally = tally.lock().unwrap();
                *tally.done.entry(what).or_default() += 1;
                tally.again += attempt as u64;
                return Some(text);
            }
            Ok((status, text)) => last = format!("{status} {text}"),
            Err(error) => last = format!("{error:?}"),
        }
    }
    tally.lock().unwrap().failed.push(format!("{what}: {last}"));
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_one_of_them_killed_again_and_again() {
    let Some(server) = s3::Server::start() else {
        return;
    };
    let Some(database) = postgres::database() else {
        return;
    };
    // Short with every test; the long form kills every twenty seconds, for five minutes.
    let every = Duration::from_secs(rounds("UPTAKE_REQUIRE_NODE_SECONDS", 4));
    let kills = rounds("UPTAKE_REQUIRE_NODE_KILLS", 4);
    let folder = folders::new("nodes");
    let shared = shared(&server, database, folder.path());
    let data = [folder.path().join("a"), folder.path().join("b")];
    let token = {
        let told = [
            "--config",
            shared.config.to_str().unwrap(),
            "--data",
            data[0].to_str().unwrap(),
        ];
        let made = crate::command_line::uptake(
            &[
                &["pacs", "token", "load", "--may", "store,find,retrieve"][..],
                &told,
            ]
            .concat(),
        );
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let mut served = [Some(shared.start(&data[0])), Some(shared.start(&data[1]))];
    let nodes: Nodes = Arc::new(Mutex::new([0, 1].map(|node| served[node].as_ref().unwrap().http)));
    let platform = shared.platform().await;
    let cookie = administrator(&platform).await;

    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut clients = tokio::task::JoinSet::new();
    // Two make roles through pages, each form with its key; two store images; two read lists.
    for number in 0..6_usize {
        let (client, nodes, tally, stopped) = (client.clone(), nodes.clone(), tally.clone(), stopped.clone());
        let (cookie, token) = (cookie.clone(), token.clone());
        clients.spawn(async move {
            let mut made = Vec::new();
            for turn in number.. {
                if *stopped.borrow() {
                    break;
                }
                let name = format!("{number}-{turn}");
                match number {
                    0 | 1 => {
                        let with = |request: reqwest::RequestBuilder| {
                            request
                                .header("cookie", &cookie)
                                .header("sec-fetch-site", "same-origin")
                                .header("idempotency-key", format!("role-{name}"))
                                .header("content-type", "application/x-www-form-urlencoded")
                                .body(format!("name=role-{name}&description=&permission=studies-view"))
                        };
                        let to = (reqwest::Method::POST, "/roles");
                        if asked(&client, &nodes, &tally, turn, "role", with, to)
                            .await
                            .is_some()
                        {
                            made.push(format!("role-{name}"));
                        }
                    }
                    2 | 3 => {
                        let (round, image) = (number as u64, turn as u64);
                        let mut body = b"--part\r\nContent-Type: application/dicom\r\n\r\n".to_vec();
                        body.extend(file(round, image));
                        body.extend(b"\r\n--part--\r\n");
                        let with = |request: reqwest::RequestBuilder| {
                            request
                                .bearer_auth(&token)
                                .header("accept", "application/dicom+json")
                                .header(
                                    "content-type",
                                    "multipart/related; type=\"application/dicom\"; boundary=part",
                                )
                                .body(body.clone())
                        };
                        let to = (reqwest::Method::POST, "/dicom-web/studies");
                        if asked(&client, &nodes, &tally, turn, "image", with, to)
                            .await
                            .is_some()
                        {
                            made.push(sop_uid(round, image));
                        }
                    }
                    _ => {
                        let with = |request: reqwest::RequestBuilder| request.header("cookie", &cookie);
                        let to = (reqwest::Method::GET, "/members");
                        asked(&client, &nodes, &tally, turn, "page", with, to).await;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            made
        });
    }
    let mut back = Vec::new();
    for kill in 0..kills as usize {
        tokio::time::sleep(every / 2).await;
        served[kill % 2].take().unwrap().kill();
        tokio::time::sleep(every / 2).await;
        let begun = Instant::now();
        let again = shared.start(&data[kill % 2]);
        back.push(begun.elapsed());
        nodes.lock().unwrap()[kill % 2] = again.http;
        served[kill % 2] = Some(again);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.send_replace(true);
    let made: Vec<String> = clients.join_all().await.into_iter().flatten().collect();
    let told = std::mem::take(&mut *tally.lock().unwrap());
    println!(
        "{kills} kills: {:?}, {} asked once more, back within {:?}",
        told.done,
        told.again,
        back.iter().max().unwrap()
    );
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    // Everything that was said to be done is there, once, with one entry of the journal.
    let rows = async |sql: &str| -> BTreeMap<String, i64> {
        let rows = Sql::new(sql).all(platform.readers()).await.unwrap();
        let row = |row: &database::Row| (row.get(0).unwrap(), row.get(1).unwrap());
        rows.iter().map(row).collect()
    };
    let roles = rows("SELECT name, COUNT(*) FROM roles WHERE name LIKE 'role-%' GROUP BY name").await;
    let images = rows("SELECT sop_uid, COUNT(*) FROM instances GROUP BY sop_uid").await;
    for one in &made {
        let times = roles.get(one).or(images.get(one));
        assert_eq!(times, Some(&1), "{one}");
    }
    assert_eq!(
        roles.len() + images.len(),
        made.len(),
        "nothing is there that nobody was told of"
    );
    let entries =
        rows("SELECT kind, COUNT(*) FROM journal WHERE kind IN ('role.added', 'stored') GROUP BY kind").await;
    assert_eq!(entries["role.added"] as usize, roles.len());
    assert_eq!(entries["stored"] as usize, images.len());
    for node in served {
        node.unwrap().end();
    }
    let told = [
        "--config",
        shared.config.to_str().unwrap(),
        "--data",
        data[0].to_str().unwrap(),
    ];
    let verified = json(&[&["audit", "verify", "--json"][..], &told].concat());
    assert_eq!(verified["findings"].as_array().unwrap().len(), 0, "{verified}");
    let verified = json(&[&["pacs", "verify", "--json"][..], &told].concat());
    assert_eq!(
        verified["objects"].as_u64().unwrap() as usize,
        images.len(),
        "{verified}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_other_keys_does_not_start_and_parts_need_what_they_share() {
    let Some(database) = postgres::database() else {
        return;
    };
    let Place::Postgres(url) = &database else {
        panic!("expected a PostgreSQL");
    };
    let folder = folders::new("node-keys");
    let path = folder.path();
    std::fs::write(path.join("url"), url).unwrap();
    let config = path.join("uptake.toml");
    std::fs::write(
        &config,
        format!("[index]\npostgres_url_file = \"{}/url\"\n", path.display()),
    )
    .unwrap();
    let site = |data: &str| {
        let data = path.join(data);
        let arguments = [
            "site",
            "organisations",
            "--config",
            config.to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
        ];
        let output = crate::command_line::uptake(&arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(site("a").0, Some(0));
    let (code, words) = site("b");
    assert!(code == Some(1) && words.contains("found none"), "{words}");
    std::fs::create_dir_all(path.join("b/keys")).unwrap();
    std::fs::write(path.join("b/keys/site"), [7; 32]).unwrap();
    let (code, words) = site("b");
    assert!(code == Some(1) && words.contains("found another"), "{words}");
    std::fs::copy(path.join("a/keys/site"), path.join("b/keys/site")).unwrap();
    assert_eq!(site("b").0, Some(0));
    // Apart from the others a part needs a database and a store that all reach.
    let alone = path.join("alone");
    let serve = ["serve", "--role", "web", "--data", alone.to_str().unwrap()];
    crate::command_line::check_failure(&serve, 1, "expected index.postgres_url_file too, found none");
    let serve = [&serve[..], &["--config", config.to_str().unwrap()]].concat();
    crate::command_line::check_failure(&serve, 1, "expected one in storage.main, found a folder");
}

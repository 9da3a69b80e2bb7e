//! Two nodes over one PostgreSQL and one bucket. One of them killed again and again: whoever asks once more, with the same
//! key, has what was asked for, once. Behind a balancer, ended and started in turn: nobody notices.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
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

/// What two nodes have in common, and who asks them.
struct Site {
    _server: s3::Server,
    folder: folders::Folder,
    /// The nodes' data folders.
    data: [PathBuf; 2],
    config: PathBuf,
    platform: Platform,
    /// Of somebody who is signed in.
    cookie: String,
    /// Of a program that stores.
    token: String,
}

impl Site {
    /// `None` where PostgreSQL or the store is not installed.
    async fn new(name: &str, settings: &str) -> Option<Self> {
        let server = s3::Server::start()?;
        let database = postgres::database()?;
        let Place::Postgres(url) = &database else {
            panic!("expected a PostgreSQL");
        };
        let folder = folders::new(name);
        let path = folder.path();
        let config = path.join("uptake.toml");
        std::fs::write(path.join("postgres-url"), url).unwrap();
        let text = format!(
            "[index]\npostgres_url_file = \"{0}/postgres-url\"\n[http]\ntokens = \"{0}/tokens.toml\"\n{settings}\n[site]\n\
             keys = \"{0}/keys\"\n[storage.main.s3]\nendpoint = \"{1}\"\npath_style = true\nbucket = \"{2}\"\n\
             prefix = \"nodes\"\ncredentials_file = \"{3}\"\ntimeout_s = 5\n",
            path.display(),
            server.endpoint(),
            s3::BUCKET,
            server.credentials().display(),
        );
        std::fs::write(&config, text).unwrap();
        let data = ["a", "b"].map(|node| path.join(node));
        let told = [
            "--config",
            config.to_str().unwrap(),
            "--data",
            data[0].to_str().unwrap(),
        ];
        // A first start makes the tables.
        let made = ["pacs", "token", "load", "--may", "store,find,retrieve"];
        let made = crate::command_line::uptake(&[&made[..], &told].concat());
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        crate::command_line::uptake(&[&["site", "organisations"][..], &told].concat());
        let readers = Database::open(&database, 2).await.unwrap();
        let writer = Writer::new(Database::open(&database, 1).await.unwrap());
        let keys = path.join("keys");
        let platform = Platform::open(readers, writer, &keys, Settings::default(), Clock::System)
            .await
            .unwrap();
        let cookie = administrator(&platform).await;
        Some(Self {
            _server: server,
            folder,
            data,
            config,
            platform,
            cookie,
            token,
        })
    }

    /// What commands are told besides.
    fn told(&self) -> [&str; 4] {
        let data = self.data[0].to_str().unwrap();
        ["--config", self.config.to_str().unwrap(), "--data", data]
    }

    fn start(&self, node: usize, http: &str) -> Served {
        let config = ["--config", self.config.to_str().unwrap()];
        Served::spawn_at(http, &self.data[node], &config, &[])
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

/// Where clients ask: the nodes, as a balancer in front of them knows them, or a balancer itself.
type Addresses = Arc<Mutex<Vec<SocketAddr>>>;

/// What clients did: how often they had to ask once more, and what did not come about even so.
#[derive(Debug, Default)]
struct Tally {
    done: BTreeMap<&'static str, u64>,
    again: u64,
    failed: Vec<String>,
}

/// Six clients that ask until they are told to stop.
struct Clients {
    tally: Arc<Mutex<Tally>>,
    stop: tokio::sync::watch::Sender<bool>,
    asking: tokio::task::JoinSet<Vec<String>>,
}

/// One of them.
#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    addresses: Addresses,
    tally: Arc<Mutex<Tally>>,
    stopped: tokio::sync::watch::Receiver<bool>,
    cookie: String,
    token: String,
}

impl Clients {
    fn start(site: &Site, addresses: &Addresses) -> Self {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let client = Client {
            http,
            addresses: addresses.clone(),
            tally: Arc::default(),
            stopped,
            cookie: site.cookie.clone(),
            token: site.token.clone(),
        };
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..6 {
            asking.spawn(client.clone().ask_on(number));
        }
        let tally = client.tally;
        Self { tally, stop, asking }
    }

    /// What was said to be done, and what clients did.
    async fn end(self) -> (Vec<String>, Tally) {
        self.stop.send_replace(true);
        let made = self.asking.join_all().await.into_iter().flatten().collect();
        (made, std::mem::take(&mut *self.tally.lock().unwrap()))
    }
}

impl Client {
    /// Asks each address in turn, once; gives whether one answered.
    async fn asked(
        &self,
        turn: usize,
        what: &'static str,
        request: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
        (method, path): (reqwest::Method, &str),
    ) -> bool {
        let mut last = String::new();
        let addresses = self.addresses.lock().unwrap().len();
        for attempt in 0..addresses {
            let address = self.addresses.lock().unwrap()[(turn + attempt) % addresses];
            let asking = request(
                self.http
                    .request(method.clone(), format!("http://{address}{path}")),
            );
            let answer = async {
                let response = asking.send().await?;
                let status = response.status();
                reqwest::Result::Ok((status, response.text().await?))
            };
            match answer.await {
                Ok((status, _)) if status.is_success() || status.is_redirection() => {
                    let mut tally = self.tally.lock().unwrap();
                    *tally.done.entry(what).or_default() += 1;
                    tally.again += attempt as u64;
                    return true;
                }
                Ok((status, text)) => last = format!("{status} {text}"),
                Err(error) => last = format!("{error:?}"),
            }
        }
        self.tally.lock().unwrap().failed.push(format!("{what}: {last}"));
        false
    }

    /// Of six, two make roles through pages, each form with its key; two store images; two read lists.
    async fn ask_on(self, number: usize) -> Vec<String> {
        let mut made = Vec::new();
        for turn in number.. {
            if *self.stopped.borrow() {
                break;
            }
            made.extend(match number {
                0 | 1 => self.make_role(turn, format!("role-{number}-{turn}")).await,
                2 | 3 => self.store(turn, number as u64, turn as u64).await,
                _ => {
                    let with = |request: reqwest::RequestBuilder| request.header("cookie", &self.cookie);
                    let to = (reqwest::Method::GET, "/members");
                    self.asked(turn, "page", with, to).await;
                    None
                }
            });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        made
    }

    async fn make_role(&self, turn: usize, name: String) -> Option<String> {
        let with = |request: reqwest::RequestBuilder| {
            request
                .header("cookie", &self.cookie)
                .header("sec-fetch-site", "same-origin")
                .header("idempotency-key", format!("key-{name}"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("name={name}&description=&permission=studies-view"))
        };
        let to = (reqwest::Method::POST, "/roles");
        self.asked(turn, "role", with, to).await.then_some(name)
    }

    async fn store(&self, turn: usize, round: u64, image: u64) -> Option<String> {
        let mut body = b"--part\r\nContent-Type: application/dicom\r\n\r\n".to_vec();
        body.extend(file(round, image));
        body.extend(b"\r\n--part--\r\n");
        let kind = "multipart/related; type=\"application/dicom\"; boundary=part";
        let with = |request: reqwest::RequestBuilder| {
            request
                .bearer_auth(&self.token)
                .header("accept", "application/dicom+json")
                .header("content-type", kind)
                .body(body.clone())
        };
        let to = (reqwest::Method::POST, "/dicom-web/studies");
        let is_stored = self.asked(turn, "image", with, to).await;
        is_stored.then(|| sop_uid(round, image))
    }
}

/// Everything that was said to be done is there, once, with one entry of the journal; the nodes have ended.
async fn nothing_lost_or_doubled(site: &Site, made: &[String]) {
    let rows = async |sql: &str| -> BTreeMap<String, i64> {
        let rows = Sql::new(sql).all(site.platform.readers()).await.unwrap();
        let row = |row: &database::Row| (row.get(0).unwrap(), row.get(1).unwrap());
        rows.iter().map(row).collect()
    };
    let roles = rows("SELECT name, COUNT(*) FROM roles WHERE name LIKE 'role-%' GROUP BY name").await;
    let images = rows("SELECT sop_uid, COUNT(*) FROM instances GROUP BY sop_uid").await;
    for one in made {
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
    let verified = json(&[&["audit", "verify", "--json"][..], &site.told()].concat());
    assert_eq!(verified["findings"].as_array().unwrap().len(), 0, "{verified}");
    let verified = json(&[&["pacs", "verify", "--json"][..], &site.told()].concat());
    assert_eq!(
        verified["objects"].as_u64().unwrap() as usize,
        images.len(),
        "{verified}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_one_of_them_killed_again_and_again() {
    // Short with every test; the long form kills every twenty seconds, for five minutes.
    let every = Duration::from_secs(rounds("UPTAKE_REQUIRE_NODE_SECONDS", 4));
    let kills = rounds("UPTAKE_REQUIRE_NODE_KILLS", 4);
    let Some(site) = Site::new("nodes", "").await else {
        return;
    };
    let mut served = [0, 1].map(|node| Some(site.start(node, "127.0.0.1:0")));
    let addresses = served.iter().flatten().map(|node| node.http).collect();
    let addresses: Addresses = Arc::new(Mutex::new(addresses));
    let clients = Clients::start(&site, &addresses);
    let mut back = Vec::new();
    for kill in 0..kills as usize {
        tokio::time::sleep(every / 2).await;
        served[kill % 2].take().unwrap().kill();
        tokio::time::sleep(every / 2).await;
        let begun = Instant::now();
        let again = site.start(kill % 2, "127.0.0.1:0");
        back.push(begun.elapsed());
        addresses.lock().unwrap()[kill % 2] = again.http;
        served[kill % 2] = Some(again);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (made, told) = clients.end().await;
    println!(
        "{kills} kills: {:?}, {} asked once more, back within {:?}",
        told.done,
        told.again,
        back.iter().max().unwrap()
    );
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    served.into_iter().flatten().for_each(Served::end);
    nothing_lost_or_doubled(&site, &made).await;
}

/// HAProxy in front of two nodes, which it asks whether they are ready.
struct Balancer {
    process: Child,
    address: SocketAddr,
}

impl Balancer {
    /// `None` where it is not installed.
    fn start(folder: &Path, nodes: &[SocketAddr; 2]) -> Option<Self> {
        let address = free();
        let config = folder.join("haproxy.cfg");
        let [a, b] = nodes;
        std::fs::write(
            &config,
            format!(
                "defaults\n mode http\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n\
                 frontend site\n bind {address}\n default_backend nodes\n\
                 backend nodes\n option httpchk GET /health/ready\n option redispatch\n\
                 default-server check inter 200ms fall 1 rise 1\n server a {a}\n server b {b}\n"
            ),
        )
        .unwrap();
        // Debian keeps it where only the administrator's path leads.
        let start = |program| Command::new(program).arg("-db").arg("-f").arg(&config).spawn();
        let Ok(process) = start("haproxy").or_else(|_| start("/usr/sbin/haproxy")) else {
            let is_required = std::env::var_os("UPTAKE_REQUIRE_PEERS").is_some();
            assert!(!is_required, "expected haproxy, found none");
            eprintln!("skipped: no haproxy");
            return None;
        };
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "haproxy does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { process, address })
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address that nothing listens at.
fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_behind_a_balancer_end_and_start_in_turn_and_no_request_fails() {
    let Some(site) = Site::new("rolling", "drain_s = 2").await else {
        return;
    };
    let places = [free(), free()];
    let start = |node: usize| site.start(node, &places[node].to_string());
    let mut served = [0, 1].map(|node| Some(start(node)));
    let Some(balancer) = Balancer::start(site.folder.path(), &places) else {
        return;
    };
    let addresses: Addresses = Arc::new(Mutex::new(vec![balancer.address]));
    let clients = Clients::start(&site, &addresses);
    for node in [0, 1, 0, 1] {
        // The balancer sees the other node up again, also on a machine that does much else.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let ending = served[node].take().unwrap();
        tokio::task::spawn_blocking(|| ending.end()).await.unwrap();
        served[node] = Some(start(node));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (made, told) = clients.end().await;
    println!("4 restarts: {:?}", told.done);
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    assert!(told.done.values().all(|done| *done > 20), "{:?}", told.done);
    served.into_iter().flatten().for_each(Served::end);
    nothing_lost_or_doubled(&site, &made).await;
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

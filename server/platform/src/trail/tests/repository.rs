//! The journal on its way to an audit repository: rsyslog, and listeners that break off.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::exports::id_of_message;
use super::peers::misfits;
use super::{must_have_peers, of_every_kind, program, write};
use crate::clock::MINUTE_NS;
use crate::settings::Settings;
use crate::test_site::Site;
use crate::trail::repository::{self, Repository, deliver, last};

/// A certificate for `localhost` that signs itself, as PEM, with its key.
struct Certificate {
    pem: String,
    key: String,
}

impl Certificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        Self {
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    /// What trusts it.
    fn trusted(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a listener does with a connection.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// Reads to the end.
    Takes,
    /// Reads so many bytes and resets.
    BreaksOff(usize),
}

/// A repository of the test: what it took, message by message.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<String>>>);

impl Taken {
    fn ids(&self) -> Vec<i64> {
        let messages = self.0.lock().unwrap();
        messages
            .iter()
            .map(|message| id_of_message(message).unwrap())
            .collect()
    }

    /// Adds the frames that came whole.
    fn add(&self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b' ') {
            let length: usize = std::str::from_utf8(&bytes[..end]).unwrap().parse().unwrap();
            let rest = &bytes[end + 1..];
            if rest.len() < length {
                return;
            }
            self.0
                .lock()
                .unwrap()
                .push(String::from_utf8(rest[..length].to_vec()).unwrap());
            bytes = &rest[length..];
        }
    }
}

/// Listens; each connection is treated as the list says, those after it are taken.
async fn listen(tls: Option<TlsAcceptor>, does: &'static [Does]) -> (u16, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Taken::default();
    let told = taken.clone();
    tokio::spawn(async move {
        let mut does = does.iter();
        while let Ok((stream, _)) = listener.accept().await {
            let does = *does.next().unwrap_or(&Does::Takes);
            if let Does::BreaksOff(_) = does {
                // What was read is not answered, and what follows is reset.
                stream.set_zero_linger().unwrap();
            }
            let told = told.clone();
            match &tls {
                None => take(stream, does, told).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        take(stream, does, told).await;
                    }
                }
            }
        }
    });
    (port, taken)
}

async fn take(mut stream: impl AsyncRead + Unpin, does: Does, taken: Taken) {
    let mut bytes = Vec::new();
    match does {
        Does::Takes => {
            let _ = stream.read_to_end(&mut bytes).await;
        }
        Does::BreaksOff(most) => {
            bytes.resize(most, 0);
            let _ = stream.read_exact(&mut bytes).await;
        }
    }
    taken.add(&bytes);
}

fn at(port: u16, tls: Option<Arc<ClientConfig>>) -> Repository {
    Repository {
        host: "localhost".to_owned(),
        port,
        tls,
    }
}

async fn ids(site: &Site) -> Vec<i64> {
    let all = journal::after(site.platform.readers(), 0, 10_000, None)
        .await
        .unwrap();
    all.iter().map(|stored| stored.id).collect()
}

/// Sends until nothing is left; gives how often it failed.
async fn send_all(site: &Site, repository: &Repository) -> usize {
    let mut failed = 0;
    loop {
        match deliver(&site.platform, repository).await {
            Ok(0) => return failed,
            Ok(_) => {}
            Err(_) => failed += 1,
        }
        assert!(failed < 20, "it never succeeds");
    }
}

async fn filled(times: usize) -> Site {
    let site = Site::new().await;
    let (account, _) = site.account("陈医生").await;
    for _ in 0..times {
        write(&site, &of_every_kind(account, site.now_ns())).await;
    }
    site
}

#[tokio::test]
async fn a_message_has_the_header_of_syslog_and_its_length_before_it() {
    let site = filled(1).await;
    let (port, taken) = listen(None, &[]).await;
    assert_eq!(send_all(&site, &at(port, None)).await, 0);
    let messages = taken.0.lock().unwrap().clone();
    let first = &messages[0];
    let parts: Vec<&str> = first.splitn(8, ' ').collect();
    // 10 * 8 + 5: security, notice (RFC 5424, 6.2.1).
    assert_eq!(
        (parts[0], parts[3], parts[5], parts[6]),
        ("<85>1", "uptake", "DICOM+RFC3881", "-")
    );
    chrono::DateTime::parse_from_rfc3339(parts[1]).unwrap();
    assert!(parts[2].bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(parts[4], std::process::id().to_string());
    assert!(parts[7].starts_with("\u{FEFF}<AuditMessage>"), "{}", parts[7]);
    // What failed is a warning, what matters an error.
    for (kind, priority) in [
        ("session.failed", "<84>"),
        ("damaged", "<83>"),
        ("study.read", "<85>"),
    ] {
        let kind = format!("csd-code=\"{kind}\"");
        let message = messages.iter().find(|message| message.contains(&kind)).unwrap();
        assert!(message.starts_with(priority), "{message}");
    }
}

#[tokio::test]
async fn every_entry_comes_in_order_also_over_tls() {
    let site = filled(4).await;
    let certificate = Certificate::new();
    let (port, taken) = listen(Some(certificate.acceptor()), &[]).await;
    assert_eq!(send_all(&site, &at(port, Some(certificate.trusted()))).await, 0);
    assert_eq!(taken.ids(), ids(&site).await);
    // Whom it does not know it tells nothing.
    write(&site, &of_every_kind(1, 5)).await;
    let stranger = Certificate::new().trusted();
    deliver(&site.platform, &at(port, Some(stranger)))
        .await
        .unwrap_err();
    let (plain, nothing) = listen(None, &[Does::BreaksOff(1)]).await;
    deliver(&site.platform, &at(plain, Some(certificate.trusted())))
        .await
        .unwrap_err();
    assert_eq!(nothing.ids(), [0_i64; 0]);
    assert!(taken.ids().len() < ids(&site).await.len());
}

#[tokio::test]
async fn connections_that_break_off_and_restarts_lose_nothing() {
    let site = filled(4).await;
    let does = &[
        Does::BreaksOff(1),
        Does::BreaksOff(30_000),
        Does::Takes,
        Does::BreaksOff(100_000),
        Does::BreaksOff(0),
    ];
    let (port, taken) = listen(None, does).await;
    let repository = at(port, None);
    let mut failed = 0;
    // Each time it is another process that goes on where the last one was.
    let all = ids(&site).await;
    loop {
        let node = site.node().await;
        match deliver(&node, &repository).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(_) => failed += 1,
        }
    }
    assert_eq!(failed, 4);
    // Some came twice; the first of each came in order, and all came.
    let mut seen = Vec::new();
    for id in taken.ids() {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    assert_eq!(seen, all);
    assert!(taken.ids().len() > all.len());
    assert_eq!(last(site.platform.readers()).await.unwrap(), *all.last().unwrap());
}

#[tokio::test]
async fn what_waits_for_long_is_an_alarm_until_it_is_taken() {
    let site = Site::new().await;
    let open = async || {
        let sql = "SELECT COUNT(*) FROM alarms WHERE kind = 'audit-unsent' AND cleared_ns IS NULL";
        site.count(sql).await
    };
    write(&site, &of_every_kind(1, site.now_ns())[..3]).await;
    let (port, taken) = listen(None, &[Does::BreaksOff(0), Does::BreaksOff(0)]).await;
    deliver(&site.platform, &at(port, None)).await.unwrap_err();
    assert_eq!(open().await, 0);
    site.pass(15 * MINUTE_NS);
    deliver(&site.platform, &at(port, None)).await.unwrap_err();
    assert_eq!(open().await, 1);
    send_all(&site, &at(port, None)).await;
    assert_eq!(open().await, 0);
    // The alarm's own entries went too.
    assert_eq!(taken.ids(), ids(&site).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_process_that_leads_sends_and_it_does_so_as_entries_come() {
    let (port, taken) = listen(None, &[]).await;
    let site = Site::with(Settings {
        audit_repository: Some(at(port, None)),
        ..Settings::default()
    })
    .await;
    write(&site, &of_every_kind(1, site.now_ns())[..5]).await;
    let leads = watch::Sender::new(false);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(repository::run(site.platform.clone(), leads.subscribe(), async {
        let _ = stopped.await;
    }));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(taken.ids(), [0_i64; 0]);
    leads.send_replace(true);
    let all = ids(&site).await;
    until(|| taken.ids() == all).await;
    write(&site, &of_every_kind(1, site.now_ns())[..5]).await;
    let all = ids(&site).await;
    until(|| taken.ids() == all).await;
    stop.send(()).unwrap();
    running.await.unwrap();
}

/// Waits until something holds, which takes a moment.
async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never holds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// rsyslog, as a hospital runs it; ended when it is dropped.
struct Rsyslog {
    process: Child,
    folder: PathBuf,
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Rsyslog {
    /// Starts it in a folder, at a port that the system chooses.
    async fn start(program: &Path, folder: PathBuf, tls: Option<&Certificate>) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let at = folder.display();
        let (mut global, mut module) = (String::new(), "");
        if let Some(certificate) = tls {
            std::fs::write(folder.join("cert.pem"), &certificate.pem).unwrap();
            std::fs::write(folder.join("key.pem"), &certificate.key).unwrap();
            global = format!(
                "defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{at}/cert.pem\" \
                 defaultNetstreamDriverCertFile=\"{at}/cert.pem\" defaultNetstreamDriverKeyFile=\"{at}/key.pem\""
            );
            module = "streamDriver.name=\"ossl\" streamDriver.mode=\"1\" streamDriver.authMode=\"anon\"";
        }
        let text = format!(
            "global(workDirectory=\"{at}\" maxMessageSize=\"256k\" {global})\n\
             module(load=\"imtcp\" {module})\n\
             template(name=\"whole\" type=\"string\" string=\"%pri% %msgid% %msg%\\n\")\n\
             ruleset(name=\"audit\") {{ action(type=\"omfile\" file=\"{at}/messages\" template=\"whole\") }}\n\
             input(type=\"imtcp\" port=\"0\" address=\"127.0.0.1\" listenPortFileName=\"{at}/port\" ruleset=\"audit\")\n"
        );
        std::fs::write(folder.join("rsyslog.conf"), text).unwrap();
        let process = Command::new(program)
            .arg("-n")
            .arg("-f")
            .arg(folder.join("rsyslog.conf"))
            .arg("-i")
            .arg(folder.join("pid"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self { process, folder };
        until(|| started.port().is_some()).await;
        started
    }

    fn port(&self) -> Option<u16> {
        let text = std::fs::read_to_string(self.folder.join("port")).ok()?;
        text.trim().parse().ok()
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("messages")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

async fn rsyslog_takes_all(tls: Option<Certificate>) {
    let Some(program) = program("rsyslogd") else {
        return;
    };
    let site = filled(4).await;
    let trusted = tls.as_ref().map(Certificate::trusted);
    let folder = site.folder().join("rsyslog");
    let first = Rsyslog::start(&program, folder.join("1"), tls.as_ref()).await;
    let repository = at(first.port().unwrap(), trusted.clone());
    deliver(&site.platform, &repository).await.unwrap();
    let half = last(site.platform.readers()).await.unwrap() as usize;
    until(|| first.lines().len() == half).await;
    let mut lines = first.lines();
    // It is away for a while, and comes back.
    drop(first);
    deliver(&site.platform, &repository).await.unwrap_err();
    let second = Rsyslog::start(&program, folder.join("2"), tls.as_ref()).await;
    assert_eq!(send_all(&site, &at(second.port().unwrap(), trusted)).await, 0);
    let all = ids(&site).await;
    until(|| second.lines().len() == all.len() - half).await;
    lines.extend(second.lines());
    let found: Vec<i64> = lines.iter().map(|line| id_of_message(line).unwrap()).collect();
    assert_eq!(found, all);
    let messages: Vec<&str> = lines
        .iter()
        .map(|line| line.split_once('\u{FEFF}').unwrap().1)
        .collect();
    assert!(
        lines
            .iter()
            .all(|line| line.split(' ').nth(1) == Some("DICOM+RFC3881"))
    );
    if let Some(said) = misfits(site.folder(), &messages) {
        assert_eq!(said, "");
    }
}

#[tokio::test]
async fn rsyslog_takes_every_message_over_tcp() {
    rsyslog_takes_all(None).await;
}

#[tokio::test]
async fn rsyslog_takes_every_message_over_tls() {
    let driver = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
    ]
    .iter()
    .any(|folder| Path::new(folder).join("rsyslog/lmnsd_ossl.so").is_file());
    assert!(driver || !must_have_peers(), "rsyslog-openssl is absent");
    if driver {
        rsyslog_takes_all(Some(Certificate::new())).await;
    } else {
        eprintln!("skipped: rsyslog-openssl is not installed");
    }
}

//! DCMTK's tools as peers: `echoscu`, `storescu`, `dcmsend`, `findscu`, `movescu`, `getscu`, `storescp`, `dcmqrscp`.
//!
//! Where they are not installed the tests say so and pass, unless `UPTAKE_REQUIRE_PEERS=1`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use dicom_object::FileMetaTableBuilder;
use tokio::process::{Child, Command};

use super::support::*;
use crate::negotiation::EXPLICIT_LITTLE_ENDIAN;
use crate::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dimse-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.0).unwrap().count()
    }

    fn fill(&self, count: usize, rows: u16) {
        for number in 0..count {
            let meta = FileMetaTableBuilder::new().transfer_syntax(EXPLICIT_LITTLE_ENDIAN);
            let file = image(number, rows).with_meta(meta).unwrap();
            file.write_to_file(self.0.join(format!("{number:04}.dcm")))
                .unwrap();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn is_missing() -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("storescu").exists()));
    if !found {
        assert!(
            std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
            "DCMTK is required and not installed"
        );
        eprintln!("skipped: DCMTK is not installed");
    }
    !found
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Runs a tool to its end and gives what it printed.
async fn run(tool: &str, provider: &Running, arguments: &[&str], files: &[&Path]) -> String {
    let mut command = Command::new(tool);
    command.args(arguments).args(["-aec", "UPTAKE", "127.0.0.1"]);
    command.arg(provider.address.port().to_string()).args(files);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(120), command.output())
        .await
        .unwrap()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{tool}: {text}");
    text
}

/// Starts a provider of DCMTK's and waits until it listens.
async fn start(command: &mut Command, port: u16) -> Child {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = quiet.kill_on_drop(true).spawn().unwrap();
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return child;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no provider on port {port}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_dcmtk_are_served() {
    if is_missing() {
        return;
    }
    let folder = Folder::new("users");
    folder.fill(4, 64);
    let port = free_port();
    let destinations = [("MOVER".to_owned(), format!("127.0.0.1:{port}"))];
    let archive = Archive {
        matches: 7,
        destinations: destinations.into(),
        ..Archive::default()
    };
    let provider = provider(archive, config()).await;
    run("echoscu", &provider, &["--repeat", "3"], &[]).await;
    run("storescu", &provider, &["+sd"], &[&folder.0]).await;
    assert_eq!(provider.archive.stored.lock().unwrap().len(), 4);
    run("dcmsend", &provider, &["+sd"], &[&folder.0]).await;
    assert_eq!(provider.archive.stored.lock().unwrap().len(), 8);
    provider.archive.stored.lock().unwrap().truncate(4);
    let key = [
        "-S",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        "StudyInstanceUID=1.2.3",
    ];
    let found = run("findscu", &provider, &key, &[]).await;
    assert!(found.contains("1.2.3.6"), "{found}");
    let back = Folder::new("get");
    let out = back.0.to_string_lossy().into_owned();
    run("getscu", &provider, &[&key[..], &["-od", &out]].concat(), &[]).await;
    assert_eq!(back.files(), 4);
    let back = Folder::new("move");
    let (out, port) = (back.0.to_string_lossy().into_owned(), port.to_string());
    let arguments = [
        &key[..],
        &["-aet", "MOVER", "-aem", "MOVER", "+P", &port, "-od", &out],
    ]
    .concat();
    run("movescu", &provider, &arguments, &[]).await;
    assert_eq!(back.files(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_user_stores_at_storescp() {
    if is_missing() {
        return;
    }
    let (folder, port) = (Folder::new("storescp"), free_port());
    let _child = start(
        Command::new("storescp")
            .arg("-od")
            .arg(&folder.0)
            .arg(port.to_string()),
        port,
    )
    .await;
    let proposals = [
        Proposal::uncompressed(CT),
        Proposal::uncompressed("1.2.840.10008.1.1"),
    ];
    let config = ClientConfig::new("TEST", "ANY");
    let mut client = Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
    for number in 0..6 {
        let mut instance = instance(number, 128, EXPLICIT_LITTLE_ENDIAN);
        if let (Data::Bytes(bytes), 0) = (&instance.data, number % 2) {
            let length = bytes.len() as u64;
            let reader = Box::pin(std::io::Cursor::new(bytes.clone()));
            instance.data = Data::Reader { reader, length };
        }
        assert_eq!(client.store(instance).await.unwrap().status, Status::SUCCESS);
    }
    client.release().await.unwrap();
    assert_eq!(folder.files(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_deflated_data_set_arrives_even() {
    const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
    if is_missing() {
        return;
    }
    let (folder, port) = (Folder::new("deflated"), free_port());
    let mut command = Command::new("storescp");
    command
        .args(["+xd", "+B", "-od"])
        .arg(&folder.0)
        .arg(port.to_string());
    let _child = start(&mut command, port).await;
    let config = ClientConfig::new("TEST", "ANY");
    let proposals = [Proposal::new(CT, &[DEFLATED])];
    let mut client = Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    // The provider keeps the bytes as they come, so any odd number of them will do.
    let bytes = bytes::Bytes::from(vec![0x55; 70_001]);
    let reader = Box::pin(std::io::Cursor::new(bytes.clone()));
    for (number, data) in [
        Data::Bytes(bytes),
        Data::Reader {
            reader,
            length: 70_001,
        },
    ]
    .into_iter()
    .enumerate()
    {
        let instance = Instance {
            data,
            transfer_syntax_uid: DEFLATED.to_owned(),
            ..instance(number, 1, EXPLICIT_LITTLE_ENDIAN)
        };
        assert_eq!(client.store(instance).await.unwrap().status, Status::SUCCESS);
    }
    client.release().await.unwrap();
    assert_eq!(folder.files(), 2);
}

/// Starts `dcmqrscp` with one storage area, which moves to `target` as TARGET.
async fn start_dcmqrscp(folder: &Folder, port: u16, target: &Running) -> Child {
    let (database, file) = (folder.0.join("db"), folder.0.join("cfg"));
    std::fs::create_dir(&database).unwrap();
    let text = format!(
        "NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n\
         HostTable BEGIN\ntarget = (TARGET, 127.0.0.1, {})\nHostTable END\n\
         VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nQR {} RW (100, 100mb) ANY\nAETable END\n",
        target.address.port(),
        database.display(),
    );
    std::fs::write(&file, text).unwrap();
    start(Command::new("dcmqrscp").arg("-c").arg(&file), port).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_user_finds_moves_and_gets_at_dcmqrscp() {
    if is_missing() {
        return;
    }
    let (folder, port) = (Folder::new("dcmqrscp"), free_port());
    let target = provider(Archive::default(), config()).await;
    let _child = start_dcmqrscp(&folder, port, &target).await;
    let config = ClientConfig::new("TEST", "QR");
    let mut proposals: Vec<_> = [FIND, MOVE, GET]
        .iter()
        .map(|class| Proposal::uncompressed(class))
        .collect();
    proposals.push(Proposal::uncompressed(CT));
    let mut storing = Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    for number in 0..3 {
        let outcome = storing
            .store(instance(number, 64, EXPLICIT_LITTLE_ENDIAN))
            .await
            .unwrap();
        assert_eq!(outcome.status, Status::SUCCESS);
    }
    storing.release().await.unwrap();

    proposals[3] = Proposal::uncompressed(CT).as_provider();
    let mut client = Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    let (found, outcome) = client
        .find(FIND, &study_query())
        .await
        .unwrap()
        .all(10)
        .await
        .unwrap();
    assert_eq!((found.len(), outcome.status), (1, Status::SUCCESS));
    let end = client
        .move_to(MOVE, "TARGET", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!((end.outcome.status, end.counts.completed), (Status::SUCCESS, 3));
    assert_eq!(target.archive.stored.lock().unwrap().len(), 3);
    let here = Archive::default();
    let end = client.get(GET, &study_query(), &here, |_| {}).await.unwrap();
    assert_eq!((end.outcome.status, end.counts.completed), (Status::SUCCESS, 3));
    let end = client
        .move_to(MOVE, "UNKNOWN", &study_query(), |_| {})
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::DESTINATION_UNKNOWN);
    client.release().await.unwrap();
}

/// Prints how fast DCMTK's tools store here; asserts only that everything came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dcmtk_stores_without_stalls() {
    if is_missing() {
        return;
    }
    let folder = Folder::new("speed");
    folder.fill(200, 512);
    let provider = provider(
        Archive {
            is_sink: true,
            ..Archive::default()
        },
        config(),
    )
    .await;
    for tool in ["storescu", "dcmsend"] {
        let begun = Instant::now();
        run(tool, &provider, &["+sd"], &[&folder.0]).await;
        let seconds = begun.elapsed().as_secs_f64();
        eprintln!(
            "{tool}: 200 objects of 512 KB in {seconds:.2} s, {:.0} a second",
            200.0 / seconds
        );
    }
}

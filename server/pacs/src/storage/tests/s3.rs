//! An S3 server of the tests' own: SeaweedFS on a temporary directory and on ports of its own.
//!
//! The tests of `uptake serve` include this file too, so it needs nothing of the crate.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A bucket that it has.
pub(crate) const BUCKET: &str = "uptake";
const ID: &str = "tests";
const KEY: &str = "tests-secret";

/// The server, ended with this.
pub(crate) struct Server {
    program: PathBuf,
    folder: PathBuf,
    ports: Vec<u16>,
    running: Running,
}

struct Running {
    /// Its input ends with the tests, and the server with its input.
    shell: Child,
    id: String,
}

/// Ends when its input does, however the tests end. Its components listen on ten ports of this machine.
const SCRIPT: &str = r#"
cd "$2" && mkdir -p data || exit 1
program=$1; shift 2
"$program" mini -dir=data -ip=127.0.0.1 -ip.bind=127.0.0.1 -bucket=uptake -s3.autoCreateBucket=false \
	-s3.port="$1" -s3.port.grpc="$2" -master.port="$3" -master.port.grpc="$4" -volume.port="$5" -volume.port.grpc="$6" \
	-filer.port="$7" -filer.port.grpc="$8" -admin.port="$9" -admin.port.grpc="${10}" -s3.port.iceberg=0 -s3.port.lance=0 \
	-admin.ui=false -webdav=false -master.telemetry=false >log 2>&1 &
echo $!
read -r end
kill -KILL $!
[ "$end" = kept ] || rm -rf "$PWD"
"#;

impl Server {
    /// Starts one; `None`, with one line, where it is not installed.
    ///
    /// # Panics
    ///
    /// When it is not installed and `UPTAKE_REQUIRE_PEERS=1`.
    pub(crate) fn start() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let mut programs = above.map(|folder| folder.join("target/venv/bin/weed"));
        let Some(program) = programs.find(|program| program.is_file()) else {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "SeaweedFS is not installed"
            );
            // Written past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: storage on S3 (SeaweedFS is not installed)"
            );
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("uptake-s3-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("credentials"), format!("{ID}\n{KEY}\n")).unwrap();
        let listening = [(); 10].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let ports: Vec<u16> = listening.iter().map(port).collect();
        drop(listening);
        let running = run(&program, &folder, &ports);
        Some(Self {
            program,
            folder,
            ports,
            running,
        })
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// The file of credentials that it lets in.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.folder.join("credentials")
    }

    /// Stops it from answering, or lets it go on: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.running.id]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it at once; what it has stays for [`Server::start_again`].
    pub(crate) fn kill(&mut self) {
        let mut input = self.running.shell.stdin.take().unwrap();
        input.write_all(b"kept\n").unwrap();
        self.running.shell.wait().unwrap();
    }

    /// Starts it again with what it has.
    pub(crate) fn start_again(&mut self) {
        self.running = run(&self.program, &self.folder, &self.ports);
    }
}

fn run(program: &Path, folder: &Path, ports: &[u16]) -> Running {
    let log = folder.join("log");
    let _ = std::fs::remove_file(&log);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", SCRIPT, "sh"])
        .arg(program)
        .arg(folder)
        .args(ports.iter().map(u16::to_string))
        .env("AWS_ACCESS_KEY_ID", ID)
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut running = Running {
        shell: shell.spawn().unwrap(),
        id: String::new(),
    };
    let mut said = BufReader::new(running.shell.stdout.take().unwrap());
    said.read_line(&mut running.id).unwrap();
    running.id = running.id.trim().to_owned();
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    for _ in 0..600 {
        if said().contains("are running and ready") {
            return running;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("SeaweedFS did not start: {}", said());
}

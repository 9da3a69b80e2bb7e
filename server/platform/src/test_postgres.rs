//! A PostgreSQL of the tests' own: on a temporary directory and a socket, as a user without privileges.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pacs::index::Place;

/// Gives an empty database; `None`, with one line, where PostgreSQL is not installed.
///
/// # Panics
///
/// When it is not installed and `UPTAKE_REQUIRE_PEERS=1`.
pub(crate) fn database() -> Option<Place> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Server::start).as_ref()?;
    let name = format!("platform{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let made = Command::new(server.programs.join("createdb"))
        .args(["-U", "uptake", "-h"])
        .arg(&server.folder)
        .arg(&name)
        .status()
        .unwrap();
    assert!(made.success());
    let folder = server.folder.display();
    Some(Place::Postgres(format!(
        "postgres://uptake@localhost/{name}?host={folder}"
    )))
}

struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Its input ends with the tests, and the server with its input.
    _shell: Child,
}

/// Ends when its input does, however the tests end.
const SCRIPT: &str = r#"
"$1/initdb" -D "$2/data" -U uptake -A trust -E UTF8 --locale=C -N >"$2/log" 2>&1 || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off >>"$2/log" 2>&1 &
read -r _
kill -INT $!
wait
cd / && rm -rf "$2"
"#;

impl Server {
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "PostgreSQL is not installed"
            );
            // Written past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: the platform on PostgreSQL (not installed)"
            );
            return None;
        };
        let folder = std::env::temp_dir().join(format!("platform-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(&folder);
        shell.current_dir(&folder).stdin(Stdio::piped());
        if let Some((user, group)) = unprivileged() {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
            std::os::unix::process::CommandExt::uid(&mut shell, user);
            std::os::unix::process::CommandExt::gid(&mut shell, group);
        }
        let server = Self {
            _shell: shell.spawn().unwrap(),
            programs,
            folder,
        };
        server.wait();
        Some(server)
    }

    fn wait(&self) {
        for _ in 0..600 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h"])
                .arg(&self.folder)
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .find(|programs| programs.join("initdb").is_file())
}

/// Gives another user's numbers where the tests run as root: PostgreSQL refuses to.
fn unprivileged() -> Option<(u32, u32)> {
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(Path::new("/proc/self")).ok()?);
    let number = |option| {
        let output = Command::new("id").args([option, "nobody"]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    (own == 0).then(|| Some((number("-u")?, number("-g")?))).flatten()
}

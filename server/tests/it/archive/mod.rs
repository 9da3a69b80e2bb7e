//! The archive as `uptake serve` runs it: a process of its own, reached over its ports, ended and started again.

mod backups;
mod buckets;
mod certificates;
mod chaos;
mod commands;
mod corpus;
pub mod folders;
mod full_disk;
mod nodes;
mod objects;
mod planted;
#[path = "../../../pacs/src/index/tests/postgres.rs"]
mod postgres;
mod power_loss;
mod senders;
mod sites;
mod streams;
mod upgrades;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// `uptake serve`, ended with the test.
pub struct Served {
    process: Child,
    pub http: SocketAddr,
    pub dicom: SocketAddr,
}

impl Served {
    /// Starts it openly on ports of the system's choice, and waits until it listens.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[], &[])
    }

    pub fn start_with(data: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        Self::spawn(data, &[&["--open"], arguments].concat(), variables)
    }

    /// Starts it for those who prove who they are.
    pub fn start_closed(data: &Path) -> Self {
        Self::start_closed_with(data, &[])
    }

    pub fn start_closed_with(data: &Path, arguments: &[&str]) -> Self {
        Self::spawn(data, arguments, &[])
    }

    fn spawn(data: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        Self::spawn_at("127.0.0.1:0", data, arguments, variables)
    }

    fn spawn_at(http: &str, data: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command
            .args(["serve", "--http", http, "--dicom", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .env("UPTAKE_LOG_FILTER", "error")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = |word: &str| -> Option<String> {
            let found = lines.find_map(|line| line.ok()?.strip_prefix(word).map(str::to_owned))?;
            Some(found.trim().rsplit(['/', '@']).next()?.to_owned())
        };
        let (Some(http), Some(dicom)) = (said("http "), said("dicom ")) else {
            let mut errors = String::new();
            let _ = process.stderr.take().unwrap().read_to_string(&mut errors);
            panic!("uptake serve does not start: {errors}");
        };
        Self {
            process,
            http: http.parse().unwrap(),
            dicom: dicom.parse().unwrap(),
        }
    }

    /// Ends it at once, as a power switch would.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub fn end(self) {
        self.ask_to_end().wait();
    }

    /// Asks it to end.
    pub fn ask_to_end(self) -> Self {
        let asked = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(asked.success());
        self
    }

    /// Waits until it has ended.
    pub fn wait(mut self) {
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `uptake pacs verify` says of an archive that is not served.
pub fn verified(data: &Path) -> Value {
    super::command_line::json(&["pacs", "verify", "--json", "--data", data.to_str().unwrap()])
}

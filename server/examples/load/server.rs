//! The program under load, as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// `uptake serve`, ended with this.
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    /// Starts it on ports of the system's choice, and waits until it listens.
    pub fn start(uptake: &Path, data: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(uptake)
            .args([
                "serve",
                "--http",
                "127.0.0.1:0",
                "--dicom",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .env("UPTAKE_LOG_FILTER", "error")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be run", uptake.display()))?;
        let output = process.stdout.take().context("the program has no output")?;
        let mut lines = BufReader::new(output).lines();
        let address = lines
            .find_map(|line| {
                line.ok()?
                    .strip_prefix("http ")
                    .map(|rest| rest.trim().to_owned())
            })
            .context("the program does not say where it listens")?;
        Ok(Self { process, address })
    }

    /// Processor time that it took (proc(5): fields 14 and 15 of stat, in hundredths of a second).
    pub fn processor_s(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let fields = after_name.split_whitespace().skip(11).take(2);
        fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
    }

    /// The most memory that it had (proc(5): VmHWM).
    pub fn most_mb(&self) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kb.unwrap_or(f64::NAN) / 1024.0
    }

    /// Asks it to end, and waits until it has.
    pub fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        let status = self.process.wait()?;
        ensure!(status.success(), "the program ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! The log: lines on standard error, for people or as JSON.

use anyhow::Context;
use platform::support::lines::Keep;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// Begins to log.
///
/// # Errors
///
/// A filter that is not understood.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter: EnvFilter = log.filter.parse().with_context(|| {
        format!(
            "log.filter: expected levels as info or warn,dimse=debug, found {:?}",
            log.filter
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => builder.with_ansi(false).finish().with(Keep).try_init(),
        LogFormat::Json => builder.json().finish().with(Keep).try_init(),
    };
    // Tests start several servers in one process.
    let _ = started;
    Ok(())
}

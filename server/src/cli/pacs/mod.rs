//! `uptake pacs`: the archive of a data folder, while it is not being served.

mod token;
mod whole;

use clap::Subcommand;

/// What is done with the archive.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads every object, compares with the index, and lists what is missing or damaged.
    Verify(whole::Options),
    /// Makes the index anew from the objects.
    Rebuild(whole::Options),
    /// Makes a bearer token and adds it to the file of tokens; it is printed once.
    Token(token::Options),
}

/// Runs a command.
///
/// # Errors
///
/// Whatever keeps it from its result.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Verify(options) => whole::verify(options),
        Command::Rebuild(options) => whole::rebuild(options),
        Command::Token(options) => token::run(options),
    }
}

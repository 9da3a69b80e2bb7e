//! `uptake pacs`: the archive of a data folder.
//!
//! What reads or writes objects is refused while the archive is served; what is a row of the index is not.

mod ae;
mod convert;
mod export;
mod import;
mod token;
mod whole;
mod worklist;

use anyhow::ensure;
use clap::Subcommand;
use pacs::access::Action;

/// What is done with the archive.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Takes in files, folders, zips and discs.
    Import(import::Options),
    /// Writes a study as a folder, a zip or the image of a disc.
    Export(export::Options),
    /// Makes a DICOM object of a picture, document or movie.
    Convert(Box<convert::Options>),
    /// Looks after the orders that devices find as their worklist.
    #[command(subcommand)]
    Worklist(worklist::Command),
    /// Looks after the applications that may associate.
    #[command(subcommand)]
    Ae(ae::Command),
    /// Reads every object, compares with the index, and lists what is missing or damaged.
    Verify(whole::Options),
    /// Makes the index anew from the objects.
    Rebuild(whole::Options),
    /// Makes a bearer token and adds it to the file of tokens; it is printed once. Lists and revokes them.
    Token(token::Options),
}

/// Runs a command.
///
/// # Errors
///
/// Whatever keeps it from its result.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Import(options) => import::run(options),
        Command::Export(options) => export::run(options),
        Command::Convert(options) => convert::run(options),
        Command::Worklist(command) => worklist::run(command),
        Command::Ae(command) => ae::run(command),
        Command::Verify(options) => whole::verify(options),
        Command::Rebuild(options) => whole::rebuild(options),
        Command::Token(options) => token::run(options),
    }
}

fn action(text: &str) -> Result<Action, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "expected find, retrieve, export, store, schedule, correct, deliver or watch".to_owned())
}

/// Refuses names that logs and files of tokens should not hold.
pub(super) fn check_name(name: &str) -> anyhow::Result<()> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    ensure!(
        !name.is_empty() && name.chars().all(plain),
        "expected a name of letters, digits, - _ and ., found {name:?}"
    );
    Ok(())
}

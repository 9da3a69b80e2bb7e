//! The commands, each in a file of its own.

mod adapters;
mod backend;
mod backup;
mod bench_render;
mod decode;
mod demo;
mod emission;
mod gateway;
mod info;
mod lesions;
mod made;
mod mask;
mod measure;
mod npy;
mod open;
mod pacs;
mod progress;
mod register;
mod registrations;
mod render;
mod report;
mod serve;
mod session;
mod site;
mod suv;
mod tls;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Nuclear-medicine images: what is in them, their SUV, their pixels, pictures of them.
#[derive(Debug, Parser)]
#[command(name = "uptake", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the studies and series in files, folders, zips or discs, with what is odd about them.
    Info(info::Options),
    /// Gives SUV statistics of a PET or SPECT series, inside a mask or as a whole, with their audit.
    Suv(suv::Options),
    /// Measures a VOI: every kind of SUV, the five named SUVpeaks, TLG, and HU on the CT beside it.
    Measure(measure::Options),
    /// Finds the lesions of a PET, sets physiological uptake aside, measures, follows over exams, writes DICOM.
    Lesions(Box<lesions::Options>),
    /// Finds where one volume lies on another, says how far that can be trusted, and writes DICOM.
    Register(register::Options),
    /// Writes the stored values of an object's frames, decompressed, as a numpy file.
    Decode(decode::Options),
    /// Draws a plane of a CT, MR, PET or SPECT volume, or PET fused over CT, as a PNG.
    Render(Box<render::Options>),
    /// Runs a log of commands of a reading session and writes its pictures and events.
    Session(session::Options),
    /// Runs the archive: DICOM network services and DICOMweb.
    Serve(serve::Options),
    /// Prints all settings of the server as TOML.
    Config(serve::Settings),
    /// Copies the whole site elsewhere, while it is served: objects, database, journal, keys.
    Backup(backup::Options),
    /// Makes a new site of a backup, and reads all of it.
    Restore(backup::Restore),
    /// Looks after the archive of a data folder.
    #[command(subcommand)]
    Pacs(pacs::Command),
    /// Runs a gateway into an archive elsewhere, and looks after who may deliver.
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Looks after the site's administrators and organisations.
    #[command(subcommand)]
    Site(site::Command),
    /// Checks the journal of what happened.
    #[command(subcommand)]
    Audit(site::Audit),
    /// Makes certificates for a server in the hospital's network.
    #[command(subcommand)]
    Tls(tls::Command),
    /// Lists the graphics adapters that pictures can be made on.
    Adapters(adapters::Options),
    /// Measures how fast the standard scenes are drawn on this machine.
    BenchRender(bench_render::Options),
    /// Writes synthetic studies with exactly known answers.
    Demo(demo::Options),
}

/// Runs a parsed command line.
///
/// # Errors
///
/// Whatever keeps the command from its result, with context.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Info(options) => info::run(&options),
        Command::Suv(options) => suv::run(&options),
        Command::Measure(options) => measure::run(&options),
        Command::Lesions(options) => lesions::run(&options),
        Command::Register(options) => register::run(&options),
        Command::Decode(options) => decode::run(&options),
        Command::Render(options) => render::run(&options),
        Command::Session(options) => session::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Config(settings) => serve::config(&settings),
        Command::Backup(options) => backup::run(&options),
        Command::Restore(options) => backup::restore(&options),
        Command::Pacs(command) => pacs::run(&command),
        Command::Gateway(command) => gateway::run(&command),
        Command::Site(command) => site::run(&command),
        Command::Audit(command) => site::audit(&command),
        Command::Tls(command) => tls::run(&command),
        Command::Adapters(options) => adapters::run(&options),
        Command::BenchRender(options) => bench_render::run(&options),
        Command::Demo(options) => demo::run(&options),
    }
}

/// An argument that parses but cannot be meant; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// 2 for wrong usage, 1 for everything else.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() { 2 } else { 1 }
}

/// Whether the reader of our output went away.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
    };
    error
        .chain()
        .any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

/// The error and its causes on one line.
#[must_use]
pub fn one_line(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string().replace(['\n', '\r'], " ");
        // Some causes repeat the words of what they caused.
        if !parts.iter().any(|said| said.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

/// Where a command writes its file.
#[derive(Debug, clap::Args)]
struct Output {
    /// File to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

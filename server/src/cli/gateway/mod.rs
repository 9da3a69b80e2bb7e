//! `uptake gateway`: the way from a hospital's network into an archive elsewhere, and who may come by it.

mod devices;
mod site;

use clap::Subcommand;

/// What is done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a gateway: takes objects by DICOM and delivers them.
    Run(site::Options),
    /// Tests the connection to one of a gateway's destinations, step by step.
    Test(site::Test),
    /// Asks the gateway that runs on this machine how it stands.
    Status(site::Status),
    /// Lets a gateway deliver to the archive of this data folder, and prints its key, once.
    Enroll(devices::New),
    /// Lets a site deliver by an upload code, and prints it, once.
    Code(devices::New),
    /// Ends a key or a code at once.
    Revoke(devices::Named),
    /// Lists who may deliver, and who might.
    Devices(devices::List),
}

/// Runs a command.
///
/// # Errors
///
/// Whatever keeps it from its result.
pub fn run(command: &Command) -> anyhow::Result<()> {
    use pacs::gateway::Kind;
    match command {
        Command::Run(options) => site::run(options),
        Command::Test(options) => site::test(options),
        Command::Status(options) => site::status(options),
        Command::Enroll(options) => devices::enroll(options, Kind::Key),
        Command::Code(options) => devices::enroll(options, Kind::Code),
        Command::Revoke(options) => devices::revoke(options),
        Command::Devices(options) => devices::list(options),
    }
}

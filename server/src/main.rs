//! The `uptake` program: nuclear-medicine images from the command line.
//!
//! Exit codes: 0 done, 1 bad input, 2 wrong usage. Errors are one line on standard error that says what was
//! expected and what was found.

mod archive;
mod cli;
mod config;
mod fonts;
mod streaming;

use std::process::ExitCode;

use clap::Parser;

/// Objects come and go by the hundred: the system's allocator gives each large buffer back at once, and gets it cleared again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Mesa's layer that puts adapters in order asks for a display server, and complains on standard error where
    // there is none; `engine::render::gpu` puts them in order itself.
    // SAFETY: no other thread has begun.
    unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    // A reader that closes the pipe early (`uptake info … | head`) ends the program, not in an error.
    let command = match cli::Cli::try_parse() {
        Ok(command) => command,
        Err(error) => {
            let wrong_usage = error.use_stderr();
            let _ = error.print();
            return if wrong_usage {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uptake: {}", cli::one_line(&error));
            ExitCode::from(cli::exit_code(&error))
        }
    }
}

//! Progress of long work: a bar on a terminal, nothing elsewhere but a line at the start.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A running count of work, shown on standard error.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts showing `what`.
    #[must_use]
    pub fn start(what: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what} …");
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let style =
            ProgressStyle::with_template("{msg:24} {bar:32} {pos}/{len}").expect("the template is fixed");
        Self {
            bar: ProgressBar::new(0)
                .with_style(style)
                .with_message(what.to_owned()),
        }
    }

    /// Takes the number done and the number of all.
    pub fn set(&self, done: usize, all: usize) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! What a host hands to a search: how far it is, and a stop.

/// Somebody who watches long work.
pub trait Watch: Sync {
    /// Called now and then with the part that is done, 0 to 1, never less than before.
    fn progress(&self, done: f64);

    /// Whether the work is to be given up; asked some hundred times a second.
    fn is_cancelled(&self) -> bool;
}

/// Nobody watches.
impl Watch for () {
    fn progress(&self, _done: f64) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Somebody who watches a part of longer work.
pub(super) struct Part<'a> {
    pub watch: &'a dyn Watch,
    /// Where the part begins and ends, 0 to 1 of all.
    pub from: f64,
    pub to: f64,
}

impl Watch for Part<'_> {
    fn progress(&self, done: f64) {
        self.watch.progress(self.from + done * (self.to - self.from));
    }

    fn is_cancelled(&self) -> bool {
        self.watch.is_cancelled()
    }
}

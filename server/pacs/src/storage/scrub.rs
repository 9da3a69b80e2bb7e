//! The walk that reads every object and says which are bad.

use super::{Error, Hash, Result, Storage};

/// An object that is not what it was.
#[derive(Debug)]
pub struct Bad {
    /// Its name.
    pub hash: Hash,
    /// What is wrong: damaged, gone while walking, or unreadable.
    pub error: Error,
}

/// What a scrub found.
#[derive(Debug, Default)]
pub struct ScrubReport {
    /// Objects read.
    pub objects: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is wrong. Such objects are never given: every read verifies.
    pub bad: Vec<Bad>,
}

impl Storage {
    /// Reads and verifies every object, one after another.
    ///
    /// # Errors
    ///
    /// As [`Storage::list`], and where a store fails meanwhile; a bad object is no error but part of the report.
    pub async fn scrub(&self) -> Result<ScrubReport> {
        let mut report = ScrubReport::default();
        for object in self.list().await? {
            report.objects += 1;
            report.bytes += object.size;
            if let Err(error) = self.verify(object.hash).await {
                if matches!(error, Error::Store(_)) {
                    return Err(error);
                }
                tracing::error!(object = %object.hash, %error, "bad object");
                report.bad.push(Bad {
                    hash: object.hash,
                    error,
                });
            }
        }
        Ok(report)
    }
}

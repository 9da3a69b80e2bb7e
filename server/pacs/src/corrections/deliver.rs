//! The one way on which objects leave: verified, then with what stands in place of wrong values.

use bytes::Bytes;

use super::overlay;
use crate::index::{self, NewCorrection};
use crate::services::Archive;
use crate::storage::{self, Hash};

/// Largest object that is given from memory.
const MAX_OBJECT_BYTES: u64 = 4 << 30;

/// Series whose first object a correction is tried on before it is made.
const MAX_SAMPLES: usize = 200;

/// Why an object was not given, or a correction not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Storage could not give it.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The index failed, or refuses the correction.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The new values cannot be laid over the object.
    #[error(transparent)]
    Overlay(#[from] overlay::Error),
    /// Laying over ended without an answer.
    #[error("the object could not be given")]
    Interrupted,
}

impl Archive {
    /// Gives an object for somebody outside: verified, with corrections and the identity of a merged patient laid over it, or,
    /// to whom may see it, as it was received.
    ///
    /// # Errors
    ///
    /// [`Error`]; [`Error::Overlay`] when it can be given as received only.
    pub async fn read_for_delivery(&self, hash: Hash, as_original: bool) -> Result<Bytes, Error> {
        let bytes = self.storage().read(hash, MAX_OBJECT_BYTES).await?;
        if as_original {
            return Ok(bytes);
        }
        let overlays = self.index().overlays(hash).await?;
        if overlays.is_empty() {
            return Ok(bytes);
        }
        let laid_over = tokio::task::spawn_blocking(move || overlay::apply(bytes, &overlays));
        Ok(laid_over.await.map_err(|_| Error::Interrupted)??)
    }

    /// Makes a correction after it was tried on the first object of each series it is for (of 200 series at most), so that
    /// what cannot be given is refused when somebody can still say otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Overlay`] when it cannot be laid over an object, and as [`crate::index::Index::correct`].
    pub async fn correct(&self, new: &NewCorrection) -> Result<i64, Error> {
        for hash in self.index().samples(&new.scope, MAX_SAMPLES).await? {
            let bytes = self.read_for_delivery(hash, false).await?;
            let overlays = [overlay::Overlay {
                changes: new.changes.clone(),
                keeps_identifier: false,
                at_ns: new.at_ns,
                reason: overlay::Reason::Correct,
            }];
            let tried = tokio::task::spawn_blocking(move || overlay::apply(bytes, &overlays).map(drop));
            tried.await.map_err(|_| Error::Interrupted)??;
        }
        Ok(self.index().correct(new).await?)
    }
}

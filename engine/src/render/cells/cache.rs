//! Cells of the volumes in use.

use std::sync::Arc;

use crate::render::cells::Cells;
use crate::render::{Cancel, Error, VolumeId};
use crate::volume::Volume;
use crate::with_voxels;

/// Keeps [`Cells`] by volume, those last used first, up to a number of bytes.
///
/// Cloning shares what is kept so far.
#[derive(Debug, Clone)]
pub struct CellsCache {
    /// Those used last at the end.
    kept: Vec<(Key, Arc<Cells>)>,
    budget: usize,
}

/// Voxels: the id that the host gave them and, should it have given one twice, where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    id: VolumeId,
    address: usize,
    size: [usize; 3],
}

/// What is kept of the cells of volumes out of use: those of about 6 GB of voxels.
const BUDGET: usize = 256 << 20;

impl Default for CellsCache {
    fn default() -> Self {
        Self::with_budget(BUDGET)
    }
}

impl CellsCache {
    /// A cache that holds about `budget` bytes; the cells last asked for are kept whatever they take.
    #[must_use]
    pub fn with_budget(budget: usize) -> Self {
        Self {
            kept: Vec::new(),
            budget,
        }
    }

    /// Gives the cells of a volume, made now when they are not there.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub fn get(&mut self, id: VolumeId, volume: &Volume, cancel: &Cancel) -> Result<Arc<Cells>, Error> {
        let address = with_voxels!(volume.voxels(), voxels => voxels.as_ptr().addr());
        let key = Key {
            id,
            address,
            size: volume.grid().size(),
        };
        let found = self.kept.iter().position(|(other, _)| *other == key);
        let entry = match found {
            Some(at) => self.kept.remove(at),
            None => {
                let cells = Arc::new(Cells::of_until(volume, cancel)?);
                // Other voxels under the same id are gone.
                self.kept.retain(|(other, _)| other.id != id);
                (key, cells)
            }
        };
        let cells = Arc::clone(&entry.1);
        self.kept.push(entry);
        while self.kept.len() > 1 && self.bytes() > self.budget {
            self.kept.remove(0);
        }
        Ok(cells)
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept.iter().map(|(_, cells)| cells.bytes()).sum()
    }
}

//! What a page may hold.

use engine::session::SeriesFacts;

/// Copies of a series' voxels while it comes: what has come, and what is shown of it.
const COPIES: usize = 2;

/// What a page may hold, and what its processor draws by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of voxels.
    pub memory_bytes: usize,
    /// Voxels of a series that is drawn without a graphics device.
    pub cpu_voxels: usize,
}

impl Default for Limits {
    /// A gigabyte, and a SPECT or a PET of the trunk.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_voxels: 8 << 20,
        }
    }
}

impl Limits {
    /// Whether a series fits beside what is there and what comes.
    #[must_use]
    pub fn has_room(&self, there: usize, coming: usize, series: usize) -> bool {
        let coming = coming.saturating_add(series).saturating_mul(COPIES);
        there.saturating_add(coming) <= self.memory_bytes
    }

    /// Whether the processor of a page draws a series.
    #[must_use]
    pub fn takes_without_gpu(&self, facts: &SeriesFacts) -> bool {
        // Images that make no volume are never drawn by a renderer.
        facts.planar.is_some() || facts.grid.size().iter().product::<usize>() <= self.cpu_voxels
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn what_comes_counts_twice() {
        let limits = Limits {
            memory_bytes: 100,
            ..Limits::default()
        };
        assert!(limits.has_room(60, 0, 20));
        assert!(!limits.has_room(60, 1, 20));
        assert!(!limits.has_room(61, 0, 20));
        assert!(!limits.has_room(usize::MAX, usize::MAX, usize::MAX));
    }
}

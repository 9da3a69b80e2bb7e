//! Tiles of short rays, as slabs have: reading all costs less than looking where to read. Those at the volume's edge
//! are left to [`super::search`].

#[cfg(target_arch = "x86_64")]
use super::avx2;
#[cfg(target_arch = "x86_64")]
use super::bound::Beam;
use super::kernel::Sampled;
use super::lines::TILE;
use super::march::March;
#[cfg(target_arch = "x86_64")]
use crate::render::cpu::kernel::Lanes;

impl March<'_> {
    /// The largest of `sign` times all samples of a tile whose rays are all alike and lie inside the volume; `None`
    /// for others, and where the processor has no loops for it.
    #[inline(always)]
    pub(super) fn largest_of_all<T: Sampled>(&self, voxels: &[T], sign: f32) -> Option<[f32; TILE]> {
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (voxels, sign);
        #[cfg(target_arch = "x86_64")]
        if let (Lanes::Avx2, Some(strides)) = (self.lanes, &self.body.strides) {
            let (body, tile) = (self.body, self.tile);
            let is_simple = tile.is_parallel
                && !strides.is_nearest
                && !body.has_holes()
                && body.cuts.is_empty()
                && body.stored.grid().slice_positions().is_none();
            let beam = Beam::new(tile, 0, TILE, false).filter(|_| is_simple)?;
            let stretch = [beam.first, beam.last + 1 - beam.first];
            if beam.common != [beam.first, beam.last] || !beam.reach(stretch).is_interior(body) {
                return None;
            }
            let mut largest = [f32::NEG_INFINITY; TILE];
            let ks = beam.first..beam.last + 1;
            // SAFETY: `Lanes::Avx2` is only made after the processor was asked for it; the strides are the
            // volume's, and all samples lie between its first and last voxel.
            unsafe { avx2::largest(voxels, strides, tile, ks, sign, &mut largest) };
            // Rounding may lead beyond the largest voxel, which is where it then stays.
            let ceiling = body.ceiling;
            return Some(largest.map(|value| if value > ceiling { ceiling } else { value }));
        }
        None
    }
}

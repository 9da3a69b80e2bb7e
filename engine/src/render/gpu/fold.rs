//! Volumes with a side longer than a texture may be: cut into bricks that lie beside each other in one.

/// How the voxels of a volume lie in its texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fold {
    /// Voxels of the volume.
    pub size: [u32; 3],
    /// Voxels of a brick; the last on each axis may be cut short.
    pub brick: [u32; 3],
    /// Bricks of the volume.
    pub bricks: [u32; 3],
    /// Bricks of the texture, filled in reading order.
    pub atlas: [u32; 3],
}

impl Fold {
    /// Folds a volume into a texture of sides up to `longest`; `None` when it cannot be.
    pub(super) fn new(size: [usize; 3], longest: u32) -> Option<Self> {
        let mut sides = [0; 3];
        for (side, n) in sides.iter_mut().zip(size) {
            *side = u32::try_from(n).ok().filter(|n| *n <= i32::MAX as u32)?;
        }
        let bricks = sides.map(|n| n.div_ceil(longest));
        let brick: [u32; 3] = std::array::from_fn(|axis| sides[axis].div_ceil(bricks[axis]));
        let count = bricks.iter().try_fold(1u32, |count, n| count.checked_mul(*n))?;
        let room = brick.map(|n| longest / n);
        let across = count.min(room[0]);
        let down = count.div_ceil(across).min(room[1]);
        let deep = count.div_ceil(across * down);
        (deep <= room[2]).then_some(Self {
            size: sides,
            brick,
            bricks,
            atlas: [across, down, deep],
        })
    }

    /// Whether there is more than one brick.
    pub(super) fn is_folded(&self) -> bool {
        self.bricks != [1; 3]
    }

    /// Sides of the texture.
    pub(super) fn texture(&self) -> [u32; 3] {
        std::array::from_fn(|axis| self.brick[axis] * self.atlas[axis])
    }

    /// Texels of the texture.
    pub(super) fn texels(&self) -> u64 {
        self.texture().iter().map(|n| u64::from(*n)).product()
    }

    /// First voxel, voxels, and first texel of a brick.
    pub(super) fn place(&self, brick: [u32; 3]) -> [[u32; 3]; 3] {
        let number = (brick[2] * self.bricks[1] + brick[1]) * self.bricks[0] + brick[0];
        let row = number / self.atlas[0];
        let slot = [number % self.atlas[0], row % self.atlas[1], row / self.atlas[1]];
        let first: [u32; 3] = std::array::from_fn(|axis| brick[axis] * self.brick[axis]);
        let extent =
            std::array::from_fn(|axis| self.brick[axis].min(self.size[axis].saturating_sub(first[axis])));
        let texel = std::array::from_fn(|axis| slot[axis] * self.brick[axis]);
        [first, extent, texel]
    }
}

#[cfg(test)]
mod tests {
    use super::Fold;

    #[test]
    fn what_fits_is_not_folded() {
        let fold = Fold::new([512, 512, 1000], 2048).unwrap();
        assert!(!fold.is_folded());
        assert_eq!(fold.texture(), [512, 512, 1000]);
    }

    #[test]
    fn bricks_hold_every_voxel_once_and_waste_little() {
        for (size, longest) in [
            ([512, 512, 3000], 2048),
            ([5000, 7, 3], 2048),
            ([30, 3, 2], 8),
            ([12, 9, 2], 8),
            ([1, 1, 64], 8),
        ] {
            let fold = Fold::new(size, longest).unwrap();
            assert!(fold.is_folded());
            assert!(fold.texture().iter().all(|side| *side <= longest), "{fold:?}");
            let mut slots = std::collections::BTreeSet::new();
            let mut voxels = 0;
            for z in 0..fold.bricks[2] {
                for y in 0..fold.bricks[1] {
                    for x in 0..fold.bricks[0] {
                        let [_, extent, texel] = fold.place([x, y, z]);
                        assert!(slots.insert(texel));
                        assert!((0..3).all(|axis| texel[axis] + extent[axis] <= fold.texture()[axis]));
                        voxels += extent.iter().product::<u32>() as usize;
                    }
                }
            }
            assert_eq!(voxels, size.iter().product::<usize>());
        }
        let long = Fold::new([512, 512, 3000], 2048).unwrap();
        assert_eq!(long.texels(), 512 * 512 * 3000);
    }

    #[test]
    fn what_cannot_be_folded_is_refused() {
        assert_eq!(Fold::new([4096, 4096, 4096], 2048), None);
        assert_eq!(Fold::new([usize::MAX, 1, 1], 2048), None);
    }
}

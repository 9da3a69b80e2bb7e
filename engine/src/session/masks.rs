//! The voxels of volumes of interest, found once: a brush stroke costs itself, not all that were before it.

use std::sync::Arc;

use crate::geometry::Grid;
use crate::session::error::Refusal;
use crate::session::measure::{from_recipe, stroke};
use crate::session::state::{Paint, Voi};
use crate::voi::Mask;
use crate::volume::Volume;

/// Most memory of masks that are kept.
const MAX_BYTES: usize = 128 << 20;
/// Most masks that are kept.
const MAX_MASKS: usize = 4096;
/// Of a volume painted in one go, as a restored one is, the mask after every so many strokes is kept, to be gone back to.
const EVERY: usize = 16;

/// The voxels of volumes of interest, found once.
///
/// Masks are kept after every stroke, so that one more stroke and one taken back are cheap; those that were not asked for
/// the longest are dropped.
#[derive(Debug, Default)]
pub struct VoiCache {
    recipes: Vec<Known>,
    bytes: usize,
    masks: usize,
    /// Counts what was asked.
    now: u64,
    #[cfg(test)]
    pub(super) laid: usize,
}

/// A recipe on a volume, and its masks by the strokes on it.
#[derive(Debug)]
struct Known {
    /// Has the recipe.
    voi: Arc<Voi>,
    grid: Arc<Grid>,
    warnings: Vec<String>,
    /// By rising number of strokes.
    painted: Vec<Painted>,
}

#[derive(Debug)]
struct Painted {
    /// Its first strokes, `count` of them, are in the mask.
    voi: Arc<Voi>,
    count: usize,
    mask: Arc<Mask>,
    asked: u64,
}

#[cfg(test)]
impl VoiCache {
    pub(super) fn masks(&self) -> usize {
        let counted = self.recipes.iter().map(|known| known.painted.len()).sum();
        assert_eq!(self.masks, counted);
        counted
    }
}

impl VoiCache {
    /// The voxels of a volume of interest on its volume, and what is to be said of them.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when its recipe finds nothing.
    pub(super) fn mask(
        &mut self,
        voi: &Arc<Voi>,
        volume: &Volume,
    ) -> Result<(Arc<Mask>, Vec<String>), Refusal> {
        self.now += 1;
        let found = self.recipes.iter().position(|known| known.is_of(voi, volume));
        let base = match found.and_then(|at| self.recipes[at].longest(voi, self.now)) {
            Some(base) => base,
            None => (0, self.begin(found, voi, volume)?),
        };
        let (count, mut mask) = base;
        for (n, paint) in voi.strokes.iter().enumerate().skip(count) {
            mask = Arc::new(laid(paint, &mask)?);
            #[cfg(test)]
            (self.laid += 1);
            if (n + 1).is_multiple_of(EVERY) || n + 1 == voi.strokes.len() {
                self.keep(voi, volume, n + 1, mask.clone());
            }
        }
        let known = self.recipes.iter().find(|known| known.is_of(voi, volume));
        Ok((mask, known.map_or(Vec::new(), |known| known.warnings.clone())))
    }

    /// Finds what a recipe makes before any stroke.
    fn begin(&mut self, at: Option<usize>, voi: &Arc<Voi>, volume: &Volume) -> Result<Arc<Mask>, Refusal> {
        let (mask, warnings) = from_recipe(&voi.recipe, volume)?;
        if at.is_none() {
            self.recipes.push(Known {
                voi: voi.clone(),
                grid: mask.grid().clone(),
                warnings,
                painted: Vec::new(),
            });
        }
        let mask = Arc::new(mask);
        self.keep(voi, volume, 0, mask.clone());
        Ok(mask)
    }

    fn keep(&mut self, voi: &Arc<Voi>, volume: &Volume, count: usize, mask: Arc<Mask>) {
        let Some(known) = self.recipes.iter_mut().find(|known| known.is_of(voi, volume)) else {
            return;
        };
        let painted = Painted {
            voi: voi.clone(),
            count,
            mask,
            asked: self.now,
        };
        self.bytes += painted.bytes();
        self.masks += 1;
        let at = known.painted.partition_point(|other| other.count <= count);
        known.painted.insert(at, painted);
        while (self.bytes > MAX_BYTES || self.masks > MAX_MASKS) && self.drop_oldest() {}
    }

    /// Drops the mask that was not asked for the longest, but none that was just now; tells whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let places = self.recipes.iter().enumerate().flat_map(|(n, known)| {
            let asked = known.painted.iter().enumerate();
            asked.map(move |(m, painted)| (painted.asked, n, m))
        });
        let Some((_, n, m)) = places.filter(|(asked, ..)| *asked < self.now).min() else {
            return false;
        };
        let gone = self.recipes[n].painted.remove(m);
        self.bytes -= gone.bytes();
        self.masks -= 1;
        if self.recipes[n].painted.is_empty() {
            self.recipes.swap_remove(n);
        }
        true
    }
}

impl Known {
    fn is_of(&self, voi: &Voi, volume: &Volume) -> bool {
        self.voi.series == voi.series
            && self.voi.phase == voi.phase
            && self.voi.recipe == voi.recipe
            && self.grid.matches(volume.grid())
    }

    /// The mask that has the most of the first strokes of a volume of interest, and how many.
    fn longest(&mut self, voi: &Arc<Voi>, now: u64) -> Option<(usize, Arc<Mask>)> {
        let mut painted = self.painted.iter_mut().rev();
        let found = painted.find(|painted| painted.begins(voi))?;
        found.asked = now;
        Some((found.count, found.mask.clone()))
    }
}

impl Painted {
    fn begins(&self, voi: &Arc<Voi>) -> bool {
        if self.count > voi.strokes.len() {
            return false;
        }
        let own = self.voi.strokes[..self.count].iter();
        // The last first: where strokes differ it is there.
        let mut both = own.zip(&voi.strokes).rev();
        both.all(|(own, other)| Arc::ptr_eq(own, other) || own == other)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.voi.strokes.len() * size_of::<Arc<Paint>>() + size_of_val(self.mask.runs())
    }
}

fn laid(paint: &Paint, mask: &Mask) -> Result<Mask, Refusal> {
    let stroke = stroke(paint)?;
    Ok(if paint.erases {
        stroke.erased(mask)
    } else {
        stroke.painted(mask)
    })
}

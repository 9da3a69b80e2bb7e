//! What of a picture is under a pointer.

use serde::Serialize;

use crate::geometry::Point;
use crate::session::Session;
use crate::session::apply::shown;
use crate::session::command::Spot;
use crate::session::error::{Refusal, within};
use crate::session::sight::size_of;
use crate::session::state::{Kind, Shown};

/// What is under a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hit {
    /// A mark.
    Mark {
        /// Which.
        mark: u64,
        /// Which of its points; none for its lines.
        handle: Option<u32>,
    },
    /// A volume of interest.
    Voi {
        /// Which.
        voi: u64,
        /// Whether its outline is within reach; else the pointer is in its inside.
        on_outline: bool,
    },
}

impl Session {
    /// What is under a spot: the nearest mark within `reach_pixels` (0 to 64), else the volume of interest whose outline
    /// is the nearest within reach, else the smallest that the spot is in.
    ///
    /// What is not drawn in the view is not found.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for a view, a spot or a reach that is none.
    pub fn hit(&mut self, viewport: u32, spot: Spot, reach_pixels: f64) -> Result<Option<Hit>, Refusal> {
        let reach = within("the reach", "0 to 64 pixels", 0.0..=64.0, reach_pixels)?;
        let state = self.state.clone();
        let shown = shown(&state, viewport, "a mark")?;
        match self.mark_at(viewport, shown, spot, reach)? {
            Some(hit) => Ok(Some(hit)),
            None => self.voi_at(shown, spot, reach),
        }
    }

    fn mark_at(
        &self,
        viewport: u32,
        shown: &Shown,
        spot: Spot,
        reach_pixels: f64,
    ) -> Result<Option<Hit>, Refusal> {
        let grid = &self.stage.facts(&shown.layers[0].series)?.grid;
        let lines = self.lines(Some(viewport), shown, grid, size_of(spot)?)?;
        let at = [spot.x, spot.y];
        let apart = |[x, y]: [f64; 2]| (x - at[0]).hypot(y - at[1]);
        let mut best: Option<(f64, Hit)> = None;
        let mut take = |distance: f64, mark: u64, handle: Option<u32>| {
            if distance <= reach_pixels && best.is_none_or(|(known, _)| distance < known) {
                best = Some((distance, Hit::Mark { mark, handle }));
            }
        };
        for line in &lines {
            let Some(mark) = line.mark else { continue };
            if line.has_handles {
                for (n, point) in line.points.iter().enumerate() {
                    // A handle wins over the line that it is on.
                    take(apart(*point) * 0.5, mark, Some(n as u32));
                }
                continue;
            }
            let ends = line.points.iter().zip(line.points.iter().cycle().skip(1));
            let count = line.points.len() - usize::from(!line.is_closed);
            for (a, b) in ends.take(count) {
                take(to_stretch(at, *a, *b), mark, None);
            }
        }
        Ok(best.map(|(_, hit)| hit))
    }

    fn voi_at(&mut self, shown: &Shown, spot: Spot, reach_pixels: f64) -> Result<Option<Hit>, Refusal> {
        let state = self.state.clone();
        let is_outlined = shown.kind.is_plane() && !matches!(shown.kind, Kind::Tiles { .. });
        if !is_outlined || !state.texts.marks {
            return Ok(None);
        }
        let facts = self.stage.facts(&shown.layers[0].series)?;
        let (plane, base) = (shown.plane(&facts.grid, size_of(spot)?)?, facts.space());
        let around = around(reach_pixels);
        // An outline wins over any inside, the nearer over the farther, the smaller over what it lies in.
        let mut best: Option<((bool, f64), Hit)> = None;
        for (n, voi) in state.vois.iter().filter(|(_, voi)| voi.phase == shown.phase) {
            let space = self.stage.facts(&voi.series)?.space();
            let Some(way) = self.stage.way(&state.joints, &space, &base) else {
                continue;
            };
            // What is not drawn because its voxels have not come is not found either.
            let Ok(volume) = self.stage.whole(&voi.series, voi.phase) else {
                continue;
            };
            let Ok((mask, _)) = self.vois.mask(voi, &volume) else {
                continue;
            };
            let holds = |[right, down]: [f64; 2]| {
                let place = way.fixed_from_moving * plane.patient(spot.x + right, spot.y + down);
                nearest(volume.grid().voxel(place)).is_some_and(|voxel| mask.contains(voxel))
            };
            let is_inside = holds([0.0; 2]);
            let outline = around.iter().find(|(_, step)| holds(*step) != is_inside);
            let (rank, on_outline) = match outline {
                Some((distance, _)) => ((false, *distance), true),
                None if is_inside => ((true, mask.count() as f64), false),
                None => continue,
            };
            if best.is_none_or(|(known, _)| rank < known) {
                best = Some((rank, Hit::Voi { voi: *n, on_outline }));
            }
        }
        Ok(best.map(|(_, hit)| hit))
    }
}

/// Steps to the pixels within reach, the nearest first.
fn around(reach_pixels: f64) -> Vec<(f64, [f64; 2])> {
    let reach = reach_pixels.floor() as i32;
    let steps = (-reach..=reach).flat_map(|down| (-reach..=reach).map(move |right| (right, down)));
    let mut steps: Vec<(f64, [f64; 2])> = steps
        .map(|(right, down)| [f64::from(right), f64::from(down)])
        .map(|[right, down]| (right.hypot(down), [right, down]))
        .filter(|(distance, _)| *distance <= reach_pixels)
        .collect();
    steps.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    steps
}

fn nearest(at: Point<crate::geometry::Voxel>) -> Option<[usize; 3]> {
    let rounded: [f64; 3] = std::array::from_fn(|axis| at[axis].round());
    let is_voxel = rounded.iter().all(|n| (0.0..1e9).contains(n));
    is_voxel.then(|| rounded.map(|n| n as usize))
}

fn to_stretch(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (a[0] + along * dx - at[0]).hypot(a[1] + along * dy - at[1])
}

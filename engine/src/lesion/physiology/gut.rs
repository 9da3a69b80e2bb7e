//! Stomach and bowel: tubes with walls, long and winding, with gas or fluid inside.

use crate::lesion::evidence::{Hot, Scene, radius_of};
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

/// Where stomach and bowel lie, mm below the top of the head.
const STOMACH_MM: (f64, f64) = (490.0, 640.0);
const BOWEL_MM: (f64, f64) = (540.0, 920.0);
/// A stretch of gut is longer than this, and longer than a mass of its volume.
const LEAST_LENGTH_MM: f64 = 38.0;
const LEAST_STRETCH: f64 = 1.7;

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    for (n, hot) in scene.hot.iter().enumerate() {
        if !hot.in_trunk || hot.bone > 0.3 || hot.lung > 0.3 || !asides.is_open(n) {
            continue;
        }
        let length = hot.extents_mm[0];
        let ball = 2.0 * radius_of(hot.basin.volume_ml);
        let long = length > LEAST_LENGTH_MM && length > LEAST_STRETCH * ball;
        let faint = hot.contrast() < 1.8 && hot.basin.max < 6.0;
        if !long && !faint {
            continue;
        }
        let how = if long {
            format!("{length:.0} mm long and narrow, as a stretch of wall is")
        } else {
            format!("only {:.1} times its surroundings", hot.contrast())
        };
        if in_stomach(hot) {
            asides.set(n, Organ::Stomach, format!("left under the diaphragm, {how}"));
        } else if in_bowel(hot) {
            asides.set(n, Organ::Bowel, format!("in the abdomen, {how}"));
        }
    }
}

fn in_stomach(hot: &Hot) -> bool {
    hot.between(STOMACH_MM.0, STOMACH_MM.1)
        && (-25.0..120.0).contains(&hot.side_mm)
        && (0.08..0.62).contains(&hot.depth)
}

fn in_bowel(hot: &Hot) -> bool {
    hot.between(BOWEL_MM.0, BOWEL_MM.1) && hot.side_mm.abs() < 140.0 && (0.03..0.85).contains(&hot.depth)
}

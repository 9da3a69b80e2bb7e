//! Where the tracer went in: an arm, on one side.

use crate::lesion::evidence::Scene;
use crate::lesion::organ::Organ;
use crate::lesion::physiology::Asides;

pub(super) fn judge(scene: &Scene, asides: &mut Asides) {
    for (n, hot) in scene.hot.iter().enumerate() {
        // Above the shoulders and beside the trunk only arms can be; a bone of theirs may hold a metastasis.
        let in_arm = !hot.in_trunk
            && scene.body.holds(&scene.body.inside, hot.basin.max_at)
            && hot.side_mm.abs() > 90.0
            && hot.height.is_some();
        if in_arm && hot.bone < 0.3 {
            asides.set(
                n,
                Organ::InjectionSite,
                "in an arm, outside its bones: injection site or vein",
            );
        }
    }
}

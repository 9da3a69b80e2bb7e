//! What lies around a lesion: background uptake, and the nearest organ that takes up by itself.

use super::Lesion;
use crate::anatomy::vector::{V3, norm, sub};
use crate::anatomy::{Body, Organ, Solid};
use crate::paint::{Painter, Quantity};

/// Mean uptake of the lesion-free body in the 10 mm around a lesion, SUV, and its largest value there.
pub fn surroundings(body: &Body, lesion: &Lesion) -> (f64, f64) {
    let local = body.near(
        lesion.centre_mm.map(|v| v as f32),
        [lesion.diameter_mm as f32 / 2.0 + 13.0; 3],
    );
    let painter = Painter::new(&local, Quantity::Uptake, 1.0);
    let (mut sum, mut largest, mut count) = (0.0, 0.0f64, 0u32);
    let reach = lesion.diameter_mm / 2.0 + 10.0;
    let steps = (reach / 2.5).ceil() as i32;
    for n in 0..(2 * steps + 1).pow(3) {
        let side = 2 * steps + 1;
        let offset = [n % side, n / side % side, n / side / side].map(|s| f64::from(s - steps) * 2.5);
        let distance = offset.iter().map(|v| v * v).sum::<f64>().sqrt();
        if distance > lesion.diameter_mm / 2.0 && distance <= reach {
            let at = [0, 1, 2].map(|a| (lesion.centre_mm[a] + offset[a]) as f32);
            let suv = f64::from(painter.at(at, 0.0));
            sum += suv;
            largest = largest.max(suv);
            count += 1;
        }
    }
    (sum / f64::from(count.max(1)), largest)
}

/// The nearest organ of physiological uptake and its distance from the lesion's surface in mm, 0 inside.
pub fn nearest_physiological(body: &Body, lesion: &Lesion) -> (Organ, f64) {
    let centre = lesion.centre_mm.map(|v| v as f32);
    let hot = |solid: &&Solid| {
        solid
            .layers
            .iter()
            .any(|(_, t)| t.suv >= 1.9 && is_physiological(t.organ))
    };
    let gap = |solid: &Solid| {
        let outside: V3 = [0, 1, 2].map(|a| {
            (solid.bounds.low[a] - centre[a])
                .max(centre[a] - solid.bounds.high[a])
                .max(0.0)
        });
        // The distance of a blended or cut shape is only near the surface a distance; its box bounds it.
        let distance = solid.shape.distance(centre).max(norm(sub(outside, [0.0; 3])));
        (f64::from(distance) - lesion.diameter_mm / 2.0).max(0.0)
    };
    body.solids
        .iter()
        .filter(hot)
        .map(|solid| {
            let organ = solid
                .layers
                .iter()
                .map(|(_, t)| t.organ)
                .find(|o| is_physiological(*o));
            (organ.unwrap_or(Organ::None), gap(solid))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((Organ::None, f64::INFINITY))
}

const fn is_physiological(organ: Organ) -> bool {
    matches!(
        organ,
        Organ::Brain
            | Organ::Heart
            | Organ::Liver
            | Organ::Kidney
            | Organ::UrinaryTract
            | Organ::Stomach
            | Organ::Bowel
            | Organ::Gland
    )
}

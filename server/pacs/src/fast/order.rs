//! The order in which the frames of a series are looked at.

/// Where a frame stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stand {
    /// Image Position (Patient), in millimetres.
    pub(super) position_mm: Option<[f64; 3]>,
    /// Image Orientation (Patient): directions of a row and of a column.
    pub(super) orientation: Option<[f64; 6]>,
    /// Instance Number.
    pub(super) number: i64,
    /// The frame within its instance.
    pub(super) frame: u32,
}

/// Cosine of the angle up to which planes are parallel (0.8 degrees).
const PARALLEL: f64 = 0.9999;

/// How frames were ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Along the normal of their planes, which are parallel.
    Position,
    /// By instance number and frame.
    Number,
}

impl Order {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Number => "number",
        }
    }
}

/// Gives the order as places in `stands`, and how it was found.
pub(super) fn order(stands: &[Stand]) -> (Vec<usize>, Order) {
    let mut places: Vec<usize> = (0..stands.len()).collect();
    places.sort_by_key(|at| (stands[*at].number, stands[*at].frame));
    match along_normal(stands) {
        // The sort is stable: at one place (phases, b-values) the number decides.
        Some(heights) => {
            places.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
            (places, Order::Position)
        }
        None => (places, Order::Number),
    }
}

/// Places along the common normal in millimetres; `None` when planes are not parallel, or all at one place.
fn along_normal(stands: &[Stand]) -> Option<Vec<f64>> {
    let first = normal(stands.first()?.orientation?)?;
    let mut heights = Vec::with_capacity(stands.len());
    for stand in stands {
        if dot(first, normal(stand.orientation?)?) < PARALLEL {
            return None;
        }
        heights.push(dot(first, stand.position_mm?));
    }
    let is_spread = heights.iter().any(|height| (height - heights[0]).abs() > 1e-3);
    is_spread.then_some(heights)
}

fn normal([a, b, c, d, e, f]: [f64; 6]) -> Option<[f64; 3]> {
    let cross = [b * f - c * e, c * d - a * f, a * e - b * d];
    let length = dot(cross, cross).sqrt();
    (length > 1e-6).then(|| cross.map(|part| part / length))
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::{Order, Stand, order};

    fn stand(number: i64, position_mm: Option<[f64; 3]>, orientation: Option<[f64; 6]>) -> Stand {
        Stand {
            position_mm,
            orientation,
            number,
            frame: 1,
        }
    }

    #[test]
    fn along_the_normal_else_by_number() {
        let axial = Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let coronal = Some([1.0, 0.0, 0.0, 0.0, 0.0, -1.0]);
        let at = |z| Some([0.0, 0.0, z]);
        for (stands, places, how) in [
            (
                vec![stand(1, at(5.0), axial), stand(2, at(-5.0), axial)],
                vec![1, 0],
                Order::Position,
            ),
            (
                vec![stand(2, at(5.0), axial), stand(1, at(5.0), axial)],
                vec![1, 0],
                Order::Number,
            ),
            (
                vec![stand(2, None, axial), stand(1, at(5.0), axial)],
                vec![1, 0],
                Order::Number,
            ),
            (
                vec![stand(2, at(1.0), coronal), stand(1, at(5.0), axial)],
                vec![1, 0],
                Order::Number,
            ),
            (
                vec![stand(2, at(1.0), Some([0.0; 6])), stand(1, at(5.0), axial)],
                vec![1, 0],
                Order::Number,
            ),
            // A coronal stack goes along the y axis, whatever z does.
            (
                vec![
                    stand(1, Some([0.0, 3.0, 0.0]), coronal),
                    stand(2, Some([0.0, 1.0, 9.0]), coronal),
                ],
                vec![1, 0],
                Order::Position,
            ),
            (vec![], vec![], Order::Number),
        ] {
            assert_eq!(order(&stands), (places, how), "{stands:?}");
        }
    }
}

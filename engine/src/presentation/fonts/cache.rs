//! Outlines that were read, under a budget of bytes.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Contour, Curve, Shape};

/// A face and its glyph.
type Key = (usize, u32);

#[derive(Debug)]
struct Kept {
    shape: Arc<Shape>,
    bytes: usize,
    used: u64,
}

/// Outlines by glyph; those not used for longest go first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: HashMap<Key, Kept>,
    bytes: usize,
    now: u64,
}

impl Cache {
    /// The outline of a glyph, read when it is not here.
    pub(super) fn get(&mut self, key: Key, budget: usize, read: impl FnOnce() -> Shape) -> Arc<Shape> {
        self.now += 1;
        let now = self.now;
        if let Some(kept) = self.kept.get_mut(&key) {
            kept.used = now;
            return Arc::clone(&kept.shape);
        }
        let shape = Arc::new(read());
        let bytes = bytes_of(&shape);
        if self.bytes + bytes > budget {
            self.make_room();
        }
        if self.bytes + bytes <= budget {
            self.bytes += bytes;
            let shape = Arc::clone(&shape);
            self.kept.insert(
                key,
                Kept {
                    shape,
                    bytes,
                    used: now,
                },
            );
        }
        shape
    }

    /// Drops the half that was not used for longest.
    fn make_room(&mut self) {
        let mut times: Vec<u64> = self.kept.values().map(|kept| kept.used).collect();
        times.sort_unstable();
        let Some(&middle) = times.get(times.len() / 2) else {
            return;
        };
        self.kept.retain(|_, kept| kept.used > middle);
        self.bytes = self.kept.values().map(|kept| kept.bytes).sum();
    }
}

fn bytes_of(shape: &Shape) -> usize {
    let contours = match shape {
        Shape::Outline(contours) => contours,
        Shape::Strokes(_) => return size_of::<Kept>(),
    };
    let curves: usize = contours.iter().map(|contour| contour.curves.len()).sum();
    size_of::<Key>() + size_of::<Kept>() + contours.len() * size_of::<Contour>() + curves * size_of::<Curve>()
}

#[cfg(test)]
mod tests {
    use super::{Cache, Contour, Curve, Shape};

    fn shape(curves: usize) -> Shape {
        Shape::Outline(vec![Contour {
            start: [0.0; 2],
            curves: vec![Curve::Line([1.0; 2]); curves],
        }])
    }

    #[test]
    fn what_was_used_last_is_kept_under_the_budget() {
        let (mut cache, budget) = (Cache::default(), 30_000);
        for glyph in 0..1000 {
            // The first is asked for again and again.
            for wanted in [0, glyph] {
                cache.get((0, wanted), budget, || shape(50));
                assert!(cache.bytes <= budget);
            }
        }
        assert!(cache.kept.len() > 5);
        assert!(cache.kept.contains_key(&(0, 0)) && cache.kept.contains_key(&(0, 999)));
        let mut reads = 0;
        cache.get((0, 999), budget, || {
            reads += 1;
            shape(1)
        });
        assert_eq!(reads, 0);
        // What is larger than the budget is given, not kept.
        let large = cache.get((1, 1), budget, || shape(100_000));
        assert_eq!(*large, shape(100_000));
        assert!(cache.bytes <= budget && !cache.kept.contains_key(&(1, 1)));
    }
}

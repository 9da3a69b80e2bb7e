//! Where a network's windows lie, and how much each voxel of one counts.

/// Where windows begin along one dimension: evenly, at most half a window apart, the last at the end.
///
/// A dimension no longer than a window has one, at its beginning.
pub(super) fn starts(length: usize, window: usize) -> Vec<usize> {
    if length <= window {
        return vec![0];
    }
    let last = length - window;
    let steps = last.div_ceil((window / 2).max(1));
    (0..=steps).map(|n| (last * n + steps / 2) / steps).collect()
}

/// How much a voxel counts by its place along one dimension: a bell of an eighth of the window.
///
/// What a network says of the rim of its window is worse than of the middle; the weights fall smoothly, and
/// stay above 1e-4, so that no voxel is without an answer.
pub(super) fn bell(window: usize) -> Vec<f32> {
    let middle = (window as f64 - 1.0) / 2.0;
    let sigma = window as f64 / 8.0;
    (0..window)
        .map(|n| {
            let away = (n as f64 - middle) / sigma;
            (-0.5 * away * away).exp().max(1e-4) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{bell, starts};

    #[test]
    fn windows_stand_evenly_to_the_end() {
        assert_eq!(starts(10, 10), [0]);
        assert_eq!(starts(3, 10), [0]);
        assert_eq!(starts(11, 10), [0, 1]);
        assert_eq!(starts(30, 10), [0, 5, 10, 15, 20]);
        assert_eq!(starts(3, 1), [0, 1, 2]);
    }

    #[test]
    fn the_middle_counts_most_and_nothing_not_at_all() {
        let weights = bell(9);
        assert_eq!(weights[4], 1.0);
        assert!(weights.windows(2).take(4).all(|pair| pair[0] < pair[1]) && weights[0] >= 1e-4);
        assert_eq!(bell(1), [1.0]);
    }

    proptest! {
        #[test]
        fn every_place_is_seen_and_nothing_beyond_the_end(length in 1usize..200, window in 1usize..64) {
            let starts = starts(length, window);
            let seen = |at: usize| starts.iter().any(|start| (*start..start + window).contains(&at));
            prop_assert!((0..length).all(seen));
            prop_assert!(length <= window || starts.iter().all(|start| start + window <= length));
            prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= (window / 2).max(1)));
        }
    }
}

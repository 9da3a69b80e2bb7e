//! An image in pieces that the device does one by one: short enough that a stop is heard within 20 ms, and
//! that no driver takes its work for hung.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::presentation::Size;

/// Milliseconds that a piece is meant to take.
const PIECE_MS: f64 = 4.0;

/// Columns and rows that one workgroup makes.
pub(super) const GROUP: u32 = 8;

/// Samples per millisecond of a processor that imitates a device (lavapipe on two busy cores).
const SOFTWARE_PACE: u64 = 50_000;
/// Of the slowest hardware that is likely met; faster ones are found out.
const HARDWARE_PACE: u64 = 2_000_000;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub first: [u32; 2],
    pub size: [u32; 2],
}

/// How fast a device is, learnt from what it did.
#[derive(Debug)]
pub(super) struct Pace {
    first: u64,
    samples_per_ms: AtomicU64,
}

impl Pace {
    pub(super) fn new(is_software: bool) -> Self {
        let first = if is_software { SOFTWARE_PACE } else { HARDWARE_PACE };
        Self {
            first,
            samples_per_ms: first.into(),
        }
    }

    /// Learns from a picture: its samples by estimate, and how long they took.
    ///
    /// A picture that skips most of its samples seems fast; the next may skip none. So hardware, where pieces
    /// are far below what matters, is believed more than imitations.
    pub(super) fn learn(&self, samples: f64, ms: f64) {
        if ms > 0.5 {
            let most = if self.first == SOFTWARE_PACE { 2 } else { 64 };
            let found = (samples / ms) as u64;
            let found = found.clamp(self.first / 8, self.first * most);
            self.samples_per_ms.store(found, Ordering::Relaxed);
        }
    }

    /// Samples of a piece.
    pub(super) fn per_piece(&self) -> f64 {
        self.samples_per_ms.load(Ordering::Relaxed) as f64 * PIECE_MS
    }
}

/// Cuts `rows` of an image into pieces of about `samples`.
pub(super) fn pieces(
    rows: std::ops::Range<u32>,
    size: Size,
    samples_per_pixel: f64,
    samples: f64,
) -> Vec<Piece> {
    let groups = samples / (samples_per_pixel.max(1.0) * f64::from(GROUP * GROUP));
    let groups = (groups as u32).max(1);
    let across = size.width.div_ceil(GROUP);
    let [columns, high] = if groups >= across {
        [size.width, (groups / across) * GROUP]
    } else {
        [groups * GROUP, GROUP]
    };
    let mut pieces = Vec::new();
    for y in rows.clone().step_by(high as usize) {
        for x in (0..size.width).step_by(columns as usize) {
            pieces.push(Piece {
                first: [x, y],
                size: [columns.min(size.width - x), high.min(rows.end - y)],
            });
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Pace, Piece, pieces};
    use crate::presentation::Size;

    fn check(width: u32, height: u32, samples_per_pixel: f64, samples: f64) -> Vec<Piece> {
        let size = Size { width, height };
        let pieces = pieces(0..height, size, samples_per_pixel, samples);
        let mut seen = vec![0; (width * height) as usize];
        for Piece { first, size } in &pieces {
            for y in first[1]..first[1] + size[1] {
                for x in first[0]..first[0] + size[0] {
                    seen[(y * width + x) as usize] += 1;
                }
            }
        }
        assert!(seen.iter().all(|count| *count == 1));
        pieces
    }

    #[test]
    fn every_pixel_is_in_one_piece() {
        assert_eq!(check(512, 512, 1.0, 1e9).len(), 1);
        assert_eq!(check(1, 1, 1e9, 1.0).len(), 1);
        assert_eq!(check(500, 300, 100.0, 64.0 * 100.0 * 10.0).len(), 7 * 38);
        let bands = check(500, 300, 100.0, 1e6);
        assert!(
            bands
                .iter()
                .all(|piece| piece.size[0] == 500 && piece.size[1] <= 16)
        );
    }

    #[test]
    fn a_pace_is_learnt_but_not_believed_blindly() {
        let pace = Pace::new(true);
        let first = pace.per_piece();
        pace.learn(1e9, 1.0);
        assert_eq!(pace.per_piece(), first * 2.0);
        pace.learn(1.0, 1000.0);
        assert_eq!(pace.per_piece(), first / 8.0);
    }
}

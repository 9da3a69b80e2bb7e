//! Where a component's blocks lie, and where its samples go.

use super::header::{Component, Frame, Scan};
use crate::FrameDescription;

/// Order of the blocks of a scan (T.81 A.2): minimum coded units of several components, or the blocks of
/// one component without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) interleaved: bool,
}

impl Units {
    /// Units of data units of `side` by `side` samples: 8 in DCT processes, 1 in the lossless one.
    pub(super) fn of(scan: &Scan, frame: &Frame, side: usize) -> Self {
        if let [selector] = scan.selectors[..] {
            let component = &frame.components[selector.component];
            let (columns, rows) = (component.width.div_ceil(side), component.height.div_ceil(side));
            return Self {
                columns,
                rows,
                interleaved: false,
            };
        }
        Self {
            columns: frame.columns.div_ceil(side * frame.horizontal),
            rows: frame.rows.div_ceil(side * frame.vertical),
            interleaved: true,
        }
    }

    /// Data units of a component in a unit: across and down.
    pub(super) fn blocks(&self, component: &Component) -> (usize, usize) {
        if self.interleaved {
            (component.horizontal, component.vertical)
        } else {
            (1, 1)
        }
    }
}

/// Puts decoded blocks into the frame or, where the component is subsampled, into a plane of its own.
#[derive(Debug)]
pub(super) struct Sink {
    /// Samples of subsampled components; empty for those that go straight to the output.
    pub(super) planes: Vec<Vec<u16>>,
}

impl Sink {
    pub(super) fn new(frame: &Frame) -> Self {
        let plane = |component: &Component| {
            let size = if frame.is_full(component) {
                0
            } else {
                component.width * component.height
            };
            vec![0; size]
        };
        Self {
            planes: frame.components.iter().map(plane).collect(),
        }
    }

    /// Stores the block at block column `x` and row `y` of component `index`, cut at the edges.
    pub(super) fn store(
        &mut self,
        block: &[u16; 64],
        at: (usize, usize),
        frame: &Frame,
        index: usize,
        description: &FrameDescription,
        out: &mut [u8],
    ) {
        let component = &frame.components[index];
        let (left, top) = (8 * at.0, 8 * at.1);
        let width = 8.min(component.width.saturating_sub(left));
        let height = 8.min(component.height.saturating_sub(top));
        if width == 0 {
            // A block of padding alone.
            return;
        }
        let samples = usize::from(description.samples_per_pixel);
        for (row, line) in block.as_chunks::<8>().0[..height].iter().enumerate() {
            let start = (top + row) * component.width + left;
            let line = &line[..width];
            if !frame.is_full(component) {
                self.planes[index][start..start + width].copy_from_slice(line);
            } else if description.bytes_per_sample() == 1 {
                let pixels = &mut out[start * samples..(start + width) * samples];
                let targets = pixels[index..].iter_mut().step_by(samples);
                targets.zip(line).for_each(|(to, from)| *to = *from as u8);
            } else {
                let (pixels, _) =
                    out[2 * start * samples..2 * (start + width) * samples].as_chunks_mut::<2>();
                let targets = pixels[index..].iter_mut().step_by(samples);
                targets.zip(line).for_each(|(to, from)| *to = from.to_le_bytes());
            }
        }
    }
}

/// Counts down to restart markers.
#[derive(Debug)]
pub(super) struct Restarts {
    interval: usize,
    left: usize,
    next: u8,
}

impl Restarts {
    /// `interval` in units; zero for none.
    pub(super) fn new(interval: usize) -> Self {
        Self {
            interval,
            left: interval,
            next: 0,
        }
    }

    /// Counts `units` about to be decoded; gives the number of the restart marker due before them.
    pub(super) fn due(&mut self, units: usize) -> Option<u8> {
        if self.interval == 0 {
            return None;
        }
        let due = self.left == 0;
        if due {
            self.left = self.interval;
        }
        self.left = self.left.saturating_sub(units);
        let number = self.next;
        due.then(|| {
            self.next = (number + 1) % 8;
            number
        })
    }
}

//! Colour differences stored at fewer rows or columns, brought to every pixel.
//!
//! Twice as many columns, rows or both are interpolated as libjpeg-turbo's "fancy" upsampling does, to
//! the bit: nearer sample 3/4, farther 1/4, with its alternating rounding. Other factors repeat samples.

use super::header::{Component, Frame};
use super::samples::write_samples;
use crate::FrameDescription;

/// Brings `plane`, the samples of component `index`, into `out`.
pub(super) fn upsample(
    plane: &[u16],
    frame: &Frame,
    index: usize,
    description: &FrameDescription,
    out: &mut [u8],
) {
    let component = &frame.components[index];
    let mut line = vec![0; 2 * component.width.max(frame.columns)];
    for row in 0..frame.rows {
        fill(&mut line, plane, frame, component, row);
        write_samples(&line[..frame.columns], description, row, index, out);
    }
}

fn fill(line: &mut [u16], plane: &[u16], frame: &Frame, component: &Component, row: usize) {
    let width = component.width;
    let factors = |most: usize, own: usize| if most.is_multiple_of(own) { most / own } else { 0 };
    let across = factors(frame.horizontal, component.horizontal);
    let down = factors(frame.vertical, component.vertical);
    let near = row * component.vertical / frame.vertical;
    let line_of = |row: usize| &plane[row * width..][..width];
    // The farther row: above for even rows, below for odd ones; at the ends the row itself.
    let far = if row.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(component.height - 1)
    };
    match (across, down) {
        (2, 1) if width > 2 => widen(line, width, |x| u32::from(line_of(near)[x]), 2, [1, 2]),
        (2, 2) if width > 2 => {
            let (near, far) = (line_of(near), line_of(far));
            widen(
                line,
                width,
                |x| 3 * u32::from(near[x]) + u32::from(far[x]),
                4,
                [8, 7],
            );
        }
        (1, 2) => {
            let bias = if row.is_multiple_of(2) { 1 } else { 2 };
            for ((out, near), far) in line.iter_mut().zip(line_of(near)).zip(line_of(far)) {
                *out = ((3 * u32::from(*near) + u32::from(*far) + bias) >> 2) as u16;
            }
        }
        _ => {
            let near = line_of(near);
            for (x, out) in line[..frame.columns].iter_mut().enumerate() {
                *out = near[x * component.horizontal / frame.horizontal];
            }
        }
    }
}

/// Doubles the columns of a line of more than two samples. `biases` round the left and the right one of
/// each pair, before `shift` bits are dropped.
fn widen(line: &mut [u16], width: usize, sample: impl Fn(usize) -> u32, shift: u32, biases: [u32; 2]) {
    // Samples with nothing beyond them keep their value: scaled by 4 where the others are.
    let end = |x: usize, bias: u32| ((4 * sample(x) + if shift == 4 { bias } else { 0 }) >> shift) as u16;
    for x in 0..width {
        let pair = &mut line[2 * x..2 * x + 2];
        let near = 3 * sample(x);
        pair[0] = if x == 0 {
            end(x, 8)
        } else {
            ((near + sample(x - 1) + biases[0]) >> shift) as u16
        };
        pair[1] = if x + 1 == width {
            end(x, 7)
        } else {
            ((near + sample(x + 1) + biases[1]) >> shift) as u16
        };
    }
}

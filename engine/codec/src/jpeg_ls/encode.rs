//! Encoding of lines: the mirror image of the decoder. Lines end up holding what a decoder will see.

use super::bits::BitWriter;
use super::decode::surroundings;
use super::lines::Lines;
use super::model::{LAST_RUN_INDEX, Model, RUN_ORDER, predict};

/// Encodes the current line of one component and replaces it by its reconstruction.
pub(super) fn line<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    lines: &mut Lines,
    run_index: &mut u32,
) {
    let (previous, current) = lines.pair();
    let width = current.len() - 2;
    let previous = &previous[..width + 2];
    let mut x = 1;
    while x <= width {
        let left = i32::from(current[x - 1]);
        let above_left = i32::from(previous[x - 1]);
        let above = i32::from(previous[x]);
        let context = model
            .regions
            .context(left, above_left, above, i32::from(previous[x + 1]));
        if context != 0 {
            let prediction = predict(left, above, above_left);
            current[x] = regular::<LOSSLESS>(model, writer, context, prediction, current[x]);
            x += 1;
            continue;
        }
        let near = model.parameters.near;
        let like = |sample: &u16| (i32::from(*sample) - left).abs() <= near;
        let length = current[x..=width]
            .iter()
            .take_while(|sample| like(sample))
            .count();
        current[x..x + length].fill(left as u16);
        x += length;
        run(writer, run_index, length, x > width);
        if x <= width {
            let above = i32::from(previous[x]);
            current[x] = interruption::<LOSSLESS>(model, writer, left, above, current[x], *run_index);
            *run_index = run_index.saturating_sub(1);
            x += 1;
        }
    }
}

/// Encodes the current lines of components that follow each other sample by sample.
pub(super) fn pixels<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    lines: &mut [Lines],
    run_index: &mut u32,
) {
    let width = lines[0].samples().len();
    let mut x = 1;
    while x <= width {
        let mut around = [(0, 0); 4];
        for (around, lines) in around.iter_mut().zip(lines.iter_mut()) {
            *around = surroundings(model, lines, x);
        }
        if around.iter().any(|(context, _)| *context != 0) {
            for ((context, prediction), lines) in around.into_iter().zip(lines.iter_mut()) {
                let current = lines.pair().1;
                current[x] = regular::<LOSSLESS>(model, writer, context, prediction, current[x]);
            }
            x += 1;
            continue;
        }
        let length = common_run(lines, x, width, model.parameters.near);
        for lines in lines.iter_mut() {
            let current = lines.pair().1;
            let left = current[x - 1];
            current[x..x + length].fill(left);
        }
        x += length;
        run(writer, run_index, length, x > width);
        if x <= width {
            for lines in lines.iter_mut() {
                let (previous, current) = lines.pair();
                let (left, above) = (i32::from(current[x - 1]), i32::from(previous[x]));
                current[x] = step_from_above::<LOSSLESS>(model, writer, left, above, current[x], *run_index);
            }
            *run_index = run_index.saturating_sub(1);
            x += 1;
        }
    }
}

/// How many pixels from `x` on equal the one before, in every component.
fn common_run(lines: &mut [Lines], x: usize, width: usize, near: i32) -> usize {
    let run = |lines: &mut Lines| {
        let current = lines.pair().1;
        let left = i32::from(current[x - 1]);
        current[x..=width]
            .iter()
            .take_while(|sample| (i32::from(**sample) - left).abs() <= near)
            .count()
    };
    lines.iter_mut().map(run).min().unwrap_or(0)
}

#[inline(always)]
fn regular<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    context: i32,
    prediction: i32,
    sample: u16,
) -> u16 {
    let parameters = model.parameters;
    let mirror = context >> 31;
    let index = context.unsigned_abs() as usize;
    let context = &model.contexts[index];
    let k = context.golomb();
    let correction = (context.correction() ^ mirror) - mirror;
    let prediction = (prediction + correction).clamp(0, parameters.maxval);
    let difference = i32::from(sample) - prediction;
    let error = parameters.quantise::<LOSSLESS>((difference ^ mirror) - mirror);
    let mapped = if parameters.near == 0 {
        error ^ context.reversal()
    } else {
        error
    };
    let code = ((mapped << 1) ^ (mapped >> 31)) as u32;
    writer.golomb(code, k, parameters.prefix_limit, parameters.qbpp);
    model.contexts[index].update(error, parameters.step, parameters.reset);
    parameters.reconstruct::<LOSSLESS>(prediction, (error ^ mirror) - mirror) as u16
}

/// Writes the length of a run (A.7.1.2).
fn run(writer: &mut BitWriter, run_index: &mut u32, length: usize, to_the_end: bool) {
    let mut length = length;
    while length >= 1 << RUN_ORDER[*run_index as usize] {
        writer.put(1, 1);
        length -= 1 << RUN_ORDER[*run_index as usize];
        *run_index = (*run_index + 1).min(LAST_RUN_INDEX);
    }
    if !to_the_end {
        // A zero, then the rest of the run in as many bits as the index allows.
        writer.put(length as u32, RUN_ORDER[*run_index as usize] + 1);
    } else if length > 0 {
        writer.put(1, 1);
    }
}

fn interruption<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    left: i32,
    above: i32,
    sample: u16,
    run_index: u32,
) -> u16 {
    let parameters = model.parameters;
    if (left - above).abs() > parameters.near {
        return step_from_above::<LOSSLESS>(model, writer, left, above, sample, run_index);
    }
    let error = parameters.quantise::<LOSSLESS>(i32::from(sample) - left);
    interruption_error(model, writer, 1, run_index, error);
    parameters.reconstruct::<LOSSLESS>(left, error) as u16
}

fn step_from_above<const LOSSLESS: bool>(
    model: &mut Model,
    writer: &mut BitWriter,
    left: i32,
    above: i32,
    sample: u16,
    run_index: u32,
) -> u16 {
    let parameters = model.parameters;
    let difference = i32::from(sample) - above;
    let sign = if left > above { -1 } else { 1 };
    let error = parameters.quantise::<LOSSLESS>(sign * difference);
    interruption_error(model, writer, 0, run_index, error);
    parameters.reconstruct::<LOSSLESS>(above, sign * error) as u16
}

fn interruption_error(model: &mut Model, writer: &mut BitWriter, kind: usize, run_index: u32, error: i32) {
    let parameters = &model.parameters;
    let context = &mut model.runs[kind];
    let k = context.golomb();
    let code = context.code(error, k);
    let limit = parameters.run_prefix_limit(RUN_ORDER[run_index as usize]);
    writer.golomb(code, k, limit, parameters.qbpp);
    context.update(error, code, parameters.reset);
}

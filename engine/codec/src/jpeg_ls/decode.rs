//! Decoding of lines: regular and run mode (T.87 A.3 to A.7, B.2 for several components a pixel).

use super::bits::BitReader;
use super::lines::Lines;
use super::model::{Context, LAST_RUN_INDEX, Model, RUN_ORDER, RunContext, predict};
use super::parameters::Parameters;

/// What a line's bits cannot be.
pub(super) type Fault = &'static str;

const BAD_CODE: Fault = "a code is longer than any encoder writes";
const BAD_RUN: Fault = "a run is longer than its line";

/// No encoder writes a mapped error above this: errors have 16 bits and a sign.
const LARGEST_CODE: u32 = 0x1_ffff;

/// Decodes one line of one component.
pub(super) fn line<const LOSSLESS: bool>(
    model: &mut Model,
    bits: &mut BitReader<'_>,
    lines: &mut Lines,
    run_index: &mut u32,
) -> Result<(), Fault> {
    let (previous, current) = lines.pair();
    let width = current.len() - 2;
    let previous = &previous[..width + 2];
    // Copies that no write below can alias: they stay in registers.
    let parameters = model.parameters;
    let mut reader = *bits;
    let mut x = 1;
    while x <= width {
        let mut left = i32::from(current[x - 1]);
        let mut above = i32::from(previous[x]);
        let mut above_left = i32::from(previous[x - 1]);
        let mut second = model.regions.of(above - above_left);
        loop {
            let above_right = i32::from(previous[x + 1]);
            let first = model.regions.of(above_right - above);
            let context = 81 * first + 9 * second + model.regions.of(above_left - left);
            if context == 0 {
                break;
            }
            let prediction = predict(left, above, above_left);
            left = regular::<LOSSLESS>(&parameters, &mut model.contexts, &mut reader, context, prediction)?;
            current[x] = left as u16;
            (above_left, above, second) = (above, above_right, first);
            x += 1;
            if x > width {
                *bits = reader;
                return Ok(());
            }
        }
        let length = run(&mut reader, run_index, width + 1 - x)?;
        current[x..x + length].fill(left as u16);
        x += length;
        if x <= width {
            let above = i32::from(previous[x]);
            let ended =
                interruption::<LOSSLESS>(&parameters, &mut model.runs, &mut reader, left, above, *run_index)?;
            current[x] = ended as u16;
            *run_index = run_index.saturating_sub(1);
            x += 1;
        }
    }
    *bits = reader;
    Ok(())
}

/// Decodes one line of pixels whose components follow each other sample by sample.
pub(super) fn pixels<const LOSSLESS: bool>(
    model: &mut Model,
    bits: &mut BitReader<'_>,
    lines: &mut [Lines],
    run_index: &mut u32,
) -> Result<(), Fault> {
    let width = lines[0].samples().len();
    let parameters = model.parameters;
    let mut reader = *bits;
    let mut x = 1;
    while x <= width {
        let mut around = [(0, 0); 4];
        for (around, lines) in around.iter_mut().zip(lines.iter_mut()) {
            *around = surroundings(model, lines, x);
        }
        if around.iter().any(|(context, _)| *context != 0) {
            for ((context, prediction), lines) in around.into_iter().zip(lines.iter_mut()) {
                let sample =
                    regular::<LOSSLESS>(&parameters, &mut model.contexts, &mut reader, context, prediction)?;
                lines.pair().1[x] = sample as u16;
            }
            x += 1;
            continue;
        }
        let length = run(&mut reader, run_index, width + 1 - x)?;
        for lines in lines.iter_mut() {
            let current = lines.pair().1;
            let left = current[x - 1];
            current[x..x + length].fill(left);
        }
        x += length;
        if x <= width {
            for lines in lines.iter_mut() {
                let (previous, current) = lines.pair();
                let (left, above) = (i32::from(current[x - 1]), i32::from(previous[x]));
                let runs = &mut model.runs;
                current[x] =
                    step_from_above::<LOSSLESS>(&parameters, runs, &mut reader, left, above, *run_index)?
                        as u16;
            }
            *run_index = run_index.saturating_sub(1);
            x += 1;
        }
    }
    *bits = reader;
    Ok(())
}

/// Context, signed, and prediction of sample `x`.
pub(super) fn surroundings(model: &Model, lines: &mut Lines, x: usize) -> (i32, i32) {
    let (previous, current) = lines.pair();
    let left = i32::from(current[x - 1]);
    let above_left = i32::from(previous[x - 1]);
    let above = i32::from(previous[x]);
    let above_right = i32::from(previous[x + 1]);
    let context = model.regions.context(left, above_left, above, above_right);
    (context, predict(left, above, above_left))
}

/// Decodes a sample in regular mode; the sign of `context` mirrors the error (A.3.4).
#[inline(always)]
fn regular<const LOSSLESS: bool>(
    parameters: &Parameters,
    contexts: &mut [Context; 365],
    reader: &mut BitReader<'_>,
    context: i32,
    prediction: i32,
) -> Result<i32, Fault> {
    let mirror = context >> 31;
    let context = &mut contexts[context.unsigned_abs() as usize];
    let correction = (context.correction() ^ mirror) - mirror;
    let prediction = (prediction + correction).clamp(0, parameters.maxval);
    let code = reader
        .golomb(context.golomb(), parameters.prefix_limit, parameters.qbpp)
        .ok_or(BAD_CODE)?;
    if code > LARGEST_CODE {
        return Err(BAD_CODE);
    }
    let mut error = (code >> 1) as i32 ^ -((code & 1) as i32);
    if LOSSLESS || parameters.near == 0 {
        error ^= context.reversal();
    }
    context.update(
        error,
        if LOSSLESS { 1 } else { parameters.step },
        parameters.reset,
    );
    Ok(parameters.reconstruct::<LOSSLESS>(prediction, (error ^ mirror) - mirror))
}

/// Reads the length of a run, at most `remaining` (A.7.1).
#[inline(always)]
fn run(reader: &mut BitReader<'_>, run_index: &mut u32, remaining: usize) -> Result<usize, Fault> {
    let mut length = 0;
    while reader.read(1) == 1 {
        let step = 1 << RUN_ORDER[*run_index as usize];
        if length + step > remaining {
            return Ok(remaining);
        }
        length += step;
        *run_index = (*run_index + 1).min(LAST_RUN_INDEX);
        if length == remaining {
            return Ok(length);
        }
    }
    length += reader.read(RUN_ORDER[*run_index as usize]) as usize;
    if length > remaining {
        return Err(BAD_RUN);
    }
    Ok(length)
}

/// Decodes the sample that ends a run (A.7.2).
#[inline(always)]
fn interruption<const LOSSLESS: bool>(
    parameters: &Parameters,
    runs: &mut [RunContext; 2],
    reader: &mut BitReader<'_>,
    left: i32,
    above: i32,
    run_index: u32,
) -> Result<i32, Fault> {
    if (left - above).abs() > parameters.near {
        return step_from_above::<LOSSLESS>(parameters, runs, reader, left, above, run_index);
    }
    let error = interruption_error(parameters, runs, reader, 1, run_index)?;
    Ok(parameters.reconstruct::<LOSSLESS>(left, error))
}

/// Decodes a sample predicted from above, its error mirrored where the line rises towards it.
#[inline(always)]
fn step_from_above<const LOSSLESS: bool>(
    parameters: &Parameters,
    runs: &mut [RunContext; 2],
    reader: &mut BitReader<'_>,
    left: i32,
    above: i32,
    run_index: u32,
) -> Result<i32, Fault> {
    let error = interruption_error(parameters, runs, reader, 0, run_index)?;
    let error = if left > above { -error } else { error };
    Ok(parameters.reconstruct::<LOSSLESS>(above, error))
}

#[inline(always)]
fn interruption_error(
    parameters: &Parameters,
    runs: &mut [RunContext; 2],
    reader: &mut BitReader<'_>,
    kind: usize,
    run_index: u32,
) -> Result<i32, Fault> {
    let context = &mut runs[kind];
    let k = context.golomb();
    let limit = parameters.run_prefix_limit(RUN_ORDER[run_index as usize]);
    let code = reader.golomb(k, limit, parameters.qbpp).ok_or(BAD_CODE)?;
    if code > LARGEST_CODE {
        return Err(BAD_CODE);
    }
    let error = context.error(code, k);
    context.update(error, code, parameters.reset);
    Ok(error)
}

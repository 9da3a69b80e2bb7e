//! The way down a smooth function of many numbers: L-BFGS (Liu and Nocedal, Math. Programming 45 (1989) 503).

use std::collections::VecDeque;

use super::lattice::Control;

/// Steps whose curvature is remembered.
const REMEMBERED: usize = 8;

/// Part of the promised fall that a step must bring (Armijo).
const LEAST_FALL: f64 = 1e-4;

/// A value, and its change with each number.
pub(super) type Slope = (f64, Vec<Control>);

/// When a descent ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// No number changes by more in one step.
    pub longest: f64,
    /// Steps that change no number by more are not worth another one.
    pub shortest: f64,
    /// Two steps in a row that fall by less end it.
    pub least_fall: f64,
    /// Evaluations at most.
    pub evaluations: usize,
}

/// A step taken, and what it did to the slope.
struct Memory {
    step: Vec<Control>,
    change: Vec<Control>,
    /// Their scalar product, above 0.
    along: f64,
}

/// Goes down from `numbers`, and gives where it ends and the value there; `value` says `None` where it cannot be
/// told, or to stop.
///
/// The value is nowhere above that of the start.
pub(super) fn descend(
    numbers: Vec<Control>,
    limits: &Limits,
    mut value: impl FnMut(&[Control]) -> Option<Slope>,
) -> Option<(Vec<Control>, f64)> {
    let mut at = numbers;
    let (mut best, mut slope) = value(&at)?;
    let mut memories = VecDeque::new();
    let mut left = limits.evaluations;
    let mut slow = 0;
    while left > 0 && slow < 2 {
        let mut step = direction(&slope, &memories);
        let mut promised = dot(&step, &slope);
        let falls = promised < 0.0;
        if !falls {
            if memories.is_empty() {
                break;
            }
            memories.clear();
            continue;
        }
        let length = largest(&step);
        // Without memory the length of the slope means nothing.
        let scale = if memories.is_empty() {
            limits.longest / length
        } else {
            (limits.longest / length).min(1.0)
        };
        scaled(&mut step, scale as f32);
        promised *= scale;
        let mut taken = None;
        while left > 0 && largest(&step) >= limits.shortest {
            left -= 1;
            let there = sum(&at, &step);
            let Some((found, slope_there)) = value(&there) else {
                return Some((at, best));
            };
            if found <= best + LEAST_FALL * promised {
                taken = Some((there, found, slope_there));
                break;
            }
            // The lowest place of the parabola through both values and the slope here.
            let part = (promised / (2.0 * (best + promised - found))).clamp(0.1, 0.5);
            scaled(&mut step, part as f32);
            promised *= part;
        }
        let Some((there, found, slope_there)) = taken else {
            if memories.is_empty() {
                break;
            }
            memories.clear();
            continue;
        };
        remember(&mut memories, &step, &slope, &slope_there);
        slow = if best - found < limits.least_fall {
            slow + 1
        } else {
            0
        };
        (at, best, slope) = (there, found, slope_there);
        if largest(&step) < limits.shortest * 2.0 {
            break;
        }
    }
    Some((at, best))
}

/// The step that the slope and the remembered curvature ask for (the two loops of the paper).
fn direction(slope: &[Control], memories: &VecDeque<Memory>) -> Vec<Control> {
    let mut step = slope.to_vec();
    let mut parts = Vec::with_capacity(memories.len());
    for memory in memories.iter().rev() {
        let part = dot(&memory.step, &step) / memory.along;
        add(&mut step, &memory.change, -part as f32);
        parts.push(part);
    }
    if let Some(memory) = memories.back() {
        scaled(
            &mut step,
            (memory.along / dot(&memory.change, &memory.change)) as f32,
        );
    }
    for (memory, part) in memories.iter().zip(parts.iter().rev()) {
        let other = dot(&memory.change, &step) / memory.along;
        add(&mut step, &memory.step, (part - other) as f32);
    }
    scaled(&mut step, -1.0);
    step
}

fn remember(memories: &mut VecDeque<Memory>, step: &[Control], before: &[Control], after: &[Control]) {
    let mut change = after.to_vec();
    add(&mut change, before, -1.0);
    let along = dot(step, &change);
    // Where the function bends down, its curvature leads nowhere.
    if along <= 1e-10 * (dot(step, step) * dot(&change, &change)).sqrt() {
        return;
    }
    if memories.len() == REMEMBERED {
        memories.pop_front();
    }
    memories.push_back(Memory {
        step: step.to_vec(),
        change,
        along,
    });
}

fn dot(a: &[Control], b: &[Control]) -> f64 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn add(to: &mut [Control], values: &[Control], factor: f32) {
    for (sum, value) in to.iter_mut().flatten().zip(values.iter().flatten()) {
        *sum += factor * value;
    }
}

fn sum(a: &[Control], b: &[Control]) -> Vec<Control> {
    let mut sum = a.to_vec();
    add(&mut sum, b, 1.0);
    sum
}

fn scaled(values: &mut [Control], factor: f32) {
    for value in values.iter_mut().flatten() {
        *value *= factor;
    }
}

fn largest(values: &[Control]) -> f64 {
    values
        .iter()
        .flatten()
        .fold(0.0, |largest, value| value.abs().max(largest))
        .into()
}

#[cfg(test)]
mod tests {
    use super::{Limits, descend};
    use crate::registration::deformable::lattice::Control;

    const LIMITS: Limits = Limits {
        longest: 1.0,
        shortest: 1e-4,
        least_fall: 0.0,
        evaluations: 300,
    };

    /// A narrow bent valley (Rosenbrock, Comput. J. 3 (1960) 175), with its lowest place at 1, 1.
    fn valley(at: &[Control]) -> Option<(f64, Vec<Control>)> {
        let [x, y, ..] = at[0].map(f64::from);
        let (a, b) = (1.0 - x, y - x * x);
        let slope = [-2.0 * a - 40.0 * b * x, 20.0 * b, 0.0, 0.0].map(|v| v as f32);
        Some((a * a + 10.0 * b * b, vec![slope]))
    }

    #[test]
    fn it_finds_the_bottom_of_a_bent_valley() {
        let (at, value) = descend(vec![[-1.2, 1.0, 0.0, 0.0]], &LIMITS, valley).unwrap();
        assert!(value < 1e-4, "{value} at {at:?}");
        assert!(
            (at[0][0] - 1.0).abs() < 0.02 && (at[0][1] - 1.0).abs() < 0.02,
            "{at:?}"
        );
    }

    #[test]
    fn what_cannot_be_told_ends_it() {
        assert!(descend(vec![[0.0; 4]], &LIMITS, |_| None).is_none());
        let mut asked = 0;
        let ended = descend(vec![[3.0, 0.0, 0.0, 0.0]], &LIMITS, |at| {
            asked += 1;
            (asked < 3).then(|| valley(at)).flatten()
        });
        assert!(ended.unwrap().1 <= valley(&[[3.0, 0.0, 0.0, 0.0]]).unwrap().0);
    }

    #[test]
    fn a_flat_place_and_not_a_number_end_it() {
        let flat = descend(vec![[5.0; 4]], &LIMITS, |_| Some((1.0, vec![[0.0; 4]])));
        assert_eq!(flat, Some((vec![[5.0; 4]], 1.0)));
        let broken = descend(vec![[5.0; 4]], &LIMITS, |_| Some((f64::NAN, vec![[f32::NAN; 4]])));
        assert!(broken.is_some());
    }
}

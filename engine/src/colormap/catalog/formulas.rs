//! Colour maps that are formulas of the fraction.

use std::f64::consts::TAU;

/// A straight line from one value to another between two fractions, level beyond them.
fn ramp(t: f64, from: f64, to: f64) -> f64 {
    ((t - from) / (to - from)).clamp(0.0, 1.0)
}

/// Black, red, yellow, white.
pub(super) fn hot(t: f64) -> [f64; 3] {
    [
        ramp(t, 0.0, 3.0 / 8.0),
        ramp(t, 3.0 / 8.0, 6.0 / 8.0),
        ramp(t, 6.0 / 8.0, 1.0),
    ]
}

/// Cyan to magenta.
pub(super) fn cool(t: f64) -> [f64; 3] {
    [t, 1.0 - t, 1.0]
}

/// Grey with a tinge of blue.
pub(super) fn bone(t: f64) -> [f64; 3] {
    let [red, green, blue] = hot(t);
    [
        (7.0 * t + blue) / 8.0,
        (7.0 * t + green) / 8.0,
        (7.0 * t + red) / 8.0,
    ]
}

/// Black to copper.
pub(super) fn copper(t: f64) -> [f64; 3] {
    [1.25 * t, 0.7812 * t, 0.4975 * t]
}

/// Dark blue, blue, cyan, yellow, red, dark red.
pub(super) fn jet(t: f64) -> [f64; 3] {
    let peak = |at: f64| 1.5 - (4.0 * t - at).abs();
    [peak(3.0), peak(2.0), peak(1.0)]
}

/// The colour circle from red to red.
pub(super) fn hsv(t: f64) -> [f64; 3] {
    [0.0, 4.0, 2.0].map(|shift| ((t * 6.0 + shift) % 6.0 - 3.0).abs() - 1.0)
}

/// Blue, cyan, green, yellow, red at full strength.
pub(super) fn rainbow(t: f64) -> [f64; 3] {
    hsv((1.0 - t) * 2.0 / 3.0)
}

/// Rising brightness on a helix through the colours (Green 2011; start 0.5, rotations -1.5, hue 1, gamma 1).
pub(super) fn cubehelix(t: f64) -> [f64; 3] {
    let angle = TAU * (0.5 / 3.0 + 1.0 - 1.5 * t);
    let amplitude = t * (1.0 - t) / 2.0;
    let (sine, cosine) = angle.sin_cos();
    [
        t + amplitude * (-0.14861 * cosine + 1.78277 * sine),
        t + amplitude * (-0.29227 * cosine - 0.90649 * sine),
        t + amplitude * (1.97294 * cosine),
    ]
}

/// Black to one colour at full strength, then to white in the last quarter.
pub(super) fn single_hue(t: f64, color: [f64; 3]) -> [f64; 3] {
    let white = ramp(t, 0.75, 1.0);
    color.map(|part| part * ramp(t, 0.0, 0.75) * (1.0 - white) + white)
}

/// Black, red, yellow, white in thirds.
pub(super) fn hot_even(t: f64) -> [f64; 3] {
    [0.0, 1.0, 2.0].map(|third| ramp(t, third / 3.0, (third + 1.0) / 3.0))
}

/// Black, blue, cyan, white: heat with its colours turned round.
pub(super) fn ice(t: f64) -> [f64; 3] {
    let [red, green, blue] = hot_even(t);
    [blue, green, red]
}

/// Grey in the tone of old photographs.
pub(super) fn sepia(t: f64) -> [f64; 3] {
    [t.powf(0.8), t, t.powf(1.3)]
}

/// Black, then blue to red as [`rainbow`], then white.
pub(super) fn rainbow_black(t: f64) -> [f64; 3] {
    let (rise, white) = (ramp(t, 0.0, 0.15), ramp(t, 0.9, 1.0));
    rainbow(ramp(t, 0.15, 0.9)).map(|part| (part.clamp(0.0, 1.0) * rise).max(white))
}

/// How far a fraction is from the middle, 0 to 1, and the colour of its side.
fn side(t: f64, low: [f64; 3], high: [f64; 3]) -> (f64, [f64; 3]) {
    ((2.0 * t - 1.0).abs(), if t < 0.5 { low } else { high })
}

/// One colour through white to another.
pub(super) fn from_white(t: f64, low: [f64; 3], high: [f64; 3]) -> [f64; 3] {
    let (far, color) = side(t, low, high);
    color.map(|part| 1.0 - far * (1.0 - part))
}

/// One colour through black to another.
pub(super) fn from_black(t: f64, low: [f64; 3], high: [f64; 3]) -> [f64; 3] {
    let (far, color) = side(t, low, high);
    color.map(|part| far * part)
}

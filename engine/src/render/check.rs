//! Checks of a scene's numbers that every renderer makes: what one refuses, all refuse, in the same words.

use crate::presentation::Size;
use crate::render::{Error, MAX_SIDE, Shading, Sharpening};

/// The error of a number that cannot be used.
pub(super) fn number(what: &'static str, expected: &'static str, found: f64) -> Error {
    Error::Number {
        what,
        expected,
        found,
    }
}

/// Refuses more than a renderer takes.
pub(super) fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), Error> {
    let fits = found <= most;
    fits.then_some(()).ok_or(Error::TooMany { what, most, found })
}

/// Refuses a number that is no part of one.
pub(super) fn part_of_one(what: &'static str, found: f64) -> Result<(), Error> {
    let usable = (0.0..=1.0).contains(&found);
    usable.then_some(()).ok_or(number(what, "0 to 1", found))
}

/// Refuses an image without pixels, or with too many.
pub(super) fn size(size: Size) -> Result<(), Error> {
    let usable = 1..=MAX_SIDE;
    let fits = usable.contains(&size.width) && usable.contains(&size.height);
    fits.then_some(()).ok_or(Error::Size(size))
}

/// Refuses an amount or a radius of sharpening out of range.
pub(super) fn sharpening(sharpening: Option<Sharpening>) -> Result<(), Error> {
    let Some(Sharpening {
        amount,
        radius_pixels,
    }) = sharpening
    else {
        return Ok(());
    };
    if !(0.0..=10.0).contains(&amount) {
        return Err(number("the amount of sharpening", "0 to 10", amount));
    }
    if !(1..=16).contains(&radius_pixels) {
        let radius = f64::from(radius_pixels);
        return Err(number("the radius of sharpening", "1 to 16 pixels", radius));
    }
    Ok(())
}

/// Refuses light that is out of range.
pub(super) fn shading(shading: Option<Shading>) -> Result<(), Error> {
    let Some(shading) = shading else {
        return Ok(());
    };
    for (what, found, range, expected) in [
        ("the ambient light", shading.ambient, 0.0..=16.0, "0 to 16"),
        ("the diffuse light", shading.diffuse, 0.0..=16.0, "0 to 16"),
        ("the gloss", shading.specular, 0.0..=16.0, "0 to 16"),
        (
            "the exponent of the gloss",
            shading.shininess,
            1.0..=128.0,
            "1 to 128",
        ),
        (
            "the gradient of even tissue",
            shading.even_below,
            0.0..=1e30,
            "0 to 1e30",
        ),
    ] {
        if !range.contains(&found) {
            return Err(number(what, expected, found));
        }
    }
    Ok(())
}

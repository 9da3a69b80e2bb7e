//! What is asked of a picture, whatever its kind.

use super::pipelines::Product;
use crate::presentation::Size;
use crate::render::{Cancel, Error, Layer, Scene, Volumes};

/// A picture or the values of one layer, as a host asks for them.
pub(super) struct Ask<'a> {
    pub scene: &'a Scene,
    /// The layers in question: all of a picture, one of values.
    pub layers: Vec<&'a Layer>,
    pub volumes: &'a Volumes,
    pub size: Size,
    pub product: Product,
    pub cancel: &'a Cancel,
}

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

//! What is asked of a picture, whatever its kind.

use super::pipelines::Product;
use crate::presentation::Size;
use crate::render::{Cancel, Layer, Scene, Volumes};

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

//! Whether a picture is one.

use crate::film::Error;
use crate::render::{Image, MAX_SIDE};

/// Refuses a picture without pixels, with more than [`MAX_SIDE`] a side, or whose bytes do not fit its size.
pub(super) fn whole(image: &Image) -> Result<(), Error> {
    let bytes = |width: u32, height: u32| width as usize * height as usize * 4;
    let sides = [image.width, image.height];
    let fits = sides.iter().all(|side| (1..=MAX_SIDE).contains(side))
        && image.rgba.len() == bytes(image.width, image.height);
    if fits {
        return Ok(());
    }
    Err(Error::Picture {
        width: image.width,
        height: image.height,
        bytes: image.rgba.len(),
    })
}

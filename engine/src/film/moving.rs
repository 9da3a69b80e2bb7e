//! Images in time: a cine of slices or gates, a projection that turns.
//!
//! [`record`] takes images as they are made and hands each to a [`Movie`]: [`Avi`] here, `video::Mp4` (the crate
//! `video` with its feature `av1`) in hosts that have it. Memory holds one image.

pub use video::{Avi, FrameRate, Movie, Picture, Shape};

use crate::render::Image;

/// Why there is no movie.
#[derive(Debug, thiserror::Error)]
pub enum Error<E: std::error::Error + 'static> {
    /// An image could not be made.
    #[error(transparent)]
    Image(E),
    /// An image could not be written.
    #[error(transparent)]
    Movie(video::Error),
}

/// Writes all images and ends the movie; gives how many there are.
///
/// The images are all of the movie's size. They come from any iterator: one that renders the next view when it is
/// asked (`Camera::rotation`), or one that walks through slices, or back and forth.
///
/// # Errors
///
/// The first error of an image (the file is left without an end), or of the movie.
///
/// ```
/// use engine::film::moving::{Avi, FrameRate, Shape, record};
/// use engine::render::{Error, Image};
///
/// let shape = Shape { width: 16, height: 16, rate: FrameRate::per_second(10), quality: 90 };
/// let mut file = std::io::Cursor::new(Vec::new());
/// let images = (0..5).map(|n| Ok::<_, Error>(Image { width: 16, height: 16, rgba: vec![n * 50; 1024] }));
/// assert_eq!(record(images, Avi::new(&mut file, shape)?)?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn record<E: std::error::Error + 'static>(
    images: impl IntoIterator<Item = Result<Image, E>>,
    mut movie: impl Movie,
) -> Result<u32, Error<E>> {
    for image in images {
        let image = image.map_err(Error::Image)?;
        let picture = Picture {
            width: image.width,
            height: image.height,
            rgba: &image.rgba,
        };
        movie.push(picture).map_err(Error::Movie)?;
    }
    movie.finish().map_err(Error::Movie)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Avi, Error, FrameRate, Shape, record};
    use crate::render::{self, Image};

    const SHAPE: Shape = Shape {
        width: 16,
        height: 16,
        rate: FrameRate {
            images: 5,
            seconds: 1,
        },
        quality: 90,
    };

    fn image(side: u32) -> Image {
        Image {
            width: side,
            height: side,
            rgba: vec![90; (side * side * 4) as usize],
        }
    }

    #[test]
    fn the_first_error_ends_a_movie() {
        let mut asked = 0;
        let images = (0..10).map(|n| {
            asked += 1;
            if n == 3 {
                Err(render::Error::Cancelled)
            } else {
                Ok(image(16))
            }
        });
        let movie = Avi::new(Cursor::new(Vec::new()), SHAPE).unwrap();
        assert!(matches!(
            record(images, movie),
            Err(Error::Image(render::Error::Cancelled))
        ));
        assert_eq!(asked, 4, "none is made for nothing");
        let movie = Avi::new(Cursor::new(Vec::new()), SHAPE).unwrap();
        let images = [16, 17].map(|side| Ok::<_, render::Error>(image(side)));
        let error = record(images, movie).unwrap_err().to_string();
        assert!(error.contains("found 17 x 17"), "{error}");
    }
}

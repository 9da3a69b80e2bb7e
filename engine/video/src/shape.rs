//! What all pictures of a movie share.

use crate::Error;

/// Longest side of a movie, in pixels.
pub const MAX_SIDE: u32 = 8192;

/// Pictures in so many seconds, as a fraction, so that 30000 in 1001 s stays exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    /// Pictures.
    pub images: u32,
    /// In so many seconds.
    pub seconds: u32,
}

impl FrameRate {
    /// `images` pictures a second.
    #[must_use]
    pub fn per_second(images: u32) -> Self {
        Self { images, seconds: 1 }
    }
}

/// Size, rate and quality of a movie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Columns of every picture.
    pub width: u32,
    /// Rows of every picture.
    pub height: u32,
    /// How fast they follow each other.
    pub rate: FrameRate,
    /// 1 (small file) to 100 (nothing visible is lost); 90 is a good start.
    pub quality: u8,
}

impl Shape {
    /// Holds the numbers against what players take.
    ///
    /// # Errors
    ///
    /// [`Error::Size`], [`Error::Rate`] or [`Error::Quality`].
    pub fn check(&self) -> Result<(), Error> {
        let Self {
            width,
            height,
            rate: FrameRate { images, seconds },
            quality,
        } = *self;
        if [width, height].iter().any(|side| !(16..=MAX_SIDE).contains(side)) {
            return Err(Error::Size { width, height });
        }
        let (n, d) = (u64::from(images), u64::from(seconds));
        if n == 0 || d == 0 || n > 1000 * d || d > 1000 * n {
            return Err(Error::Rate { images, seconds });
        }
        if !(1..=100).contains(&quality) {
            return Err(Error::Quality(quality));
        }
        Ok(())
    }

    /// Refuses a picture that is not of this size.
    pub(crate) fn admit(&self, picture: &Picture<'_>) -> Result<(), Error> {
        let bytes = self.width as usize * self.height as usize * 4;
        if (picture.width, picture.height, picture.rgba.len()) == (self.width, self.height, bytes) {
            return Ok(());
        }
        let said = |width, height, bytes| format!("{width} x {height} pixels in {bytes} bytes");
        Err(Error::Changed {
            expected: said(self.width, self.height, bytes),
            found: said(picture.width, picture.height, picture.rgba.len()),
        })
    }
}

/// A picture that is lent: rows from the top, four bytes a pixel (red, green, blue, not read), sRGB.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 4` bytes.
    pub rgba: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::{FrameRate, Picture, Shape};

    const GOOD: Shape = Shape {
        width: 64,
        height: 48,
        rate: FrameRate {
            images: 30_000,
            seconds: 1001,
        },
        quality: 90,
    };

    fn check(shape: Shape, expected: &str) {
        let error = shape.check().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_no_player_takes_is_refused() {
        GOOD.check().unwrap();
        check(Shape { width: 15, ..GOOD }, "found 15 x 48");
        check(
            Shape {
                height: u32::MAX,
                ..GOOD
            },
            "found 64 x 4294967295",
        );
        check(Shape { quality: 0, ..GOOD }, "found 0");
        for (images, seconds) in [(0, 1), (1, 0), (1001, 1), (1, 1001)] {
            let rate = FrameRate { images, seconds };
            check(Shape { rate, ..GOOD }, &format!("found {images} in {seconds} s"));
        }
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        let rgba = vec![0; 64 * 48 * 4];
        let picture = |width, height, bytes: usize| Picture {
            width,
            height,
            rgba: &rgba[..bytes],
        };
        GOOD.admit(&picture(64, 48, rgba.len())).unwrap();
        assert!(GOOD.admit(&picture(48, 64, rgba.len())).is_err());
        assert!(GOOD.admit(&picture(64, 48, rgba.len() - 1)).is_err());
    }
}

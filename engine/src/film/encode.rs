//! Pictures as files, and the names of a batch of them.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};

use crate::film::Error;
use crate::film::printer::level;
use crate::film::whole::whole;
use crate::render::Image;

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nothing is lost.
    Png,
    /// Small.
    Jpeg {
        /// 1 to 100; 90 is a good start.
        quality: u8,
    },
}

impl Format {
    /// The ending of its files' names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg { .. } => "jpg",
        }
    }
}

/// Gives the picture as the bytes of a file; grey pictures become grey files.
///
/// With `dpi` (pixels an inch) the file says how large it is on paper.
///
/// # Errors
///
/// [`Error::Picture`], [`Error::Quality`], [`Error::Dpi`], or [`Error::Encoder`] when the encoder refuses the picture.
pub fn encode(image: &Image, format: Format, dpi: Option<f64>) -> Result<Vec<u8>, Error> {
    if let Some(found) = dpi.filter(|dpi| !(1.0..=10_000.0).contains(dpi)) {
        return Err(Error::Dpi(found));
    }
    match format {
        Format::Png => png(image, dpi),
        Format::Jpeg { quality } => jpeg(image, quality, dpi),
    }
}

/// Red, green and blue of each pixel, as a colour Secondary Capture has them (Planar Configuration 0).
#[must_use]
pub fn rgb(image: &Image) -> Vec<u8> {
    image
        .rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

/// Whether there is no colour.
pub(super) fn is_gray(image: &Image) -> bool {
    image
        .rgba
        .chunks_exact(4)
        .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2])
}

/// The picture's samples without opacity, one a pixel when it is grey, and whether it is.
pub(super) fn samples(image: &Image) -> Result<(Vec<u8>, bool), Error> {
    whole(image)?;
    if is_gray(image) {
        return Ok((image.rgba.chunks_exact(4).map(level).collect(), true));
    }
    Ok((rgb(image), false))
}

fn png(image: &Image, dpi: Option<f64>) -> Result<Vec<u8>, Error> {
    let (samples, gray) = samples(image)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width, image.height);
    encoder.set_color(if gray {
        png::ColorType::Grayscale
    } else {
        png::ColorType::Rgb
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_pixel_dims(dpi.map(|dpi| {
        let per_metre = (dpi / 0.0254).round() as u32;
        png::PixelDimensions {
            xppu: per_metre,
            yppu: per_metre,
            unit: png::Unit::Meter,
        }
    }));
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&samples)?;
        writer.finish()
    });
    written.map_err(|error| refused("png", error))?;
    Ok(bytes)
}

pub(super) fn jpeg(image: &Image, quality: u8, dpi: Option<f64>) -> Result<Vec<u8>, Error> {
    if !(1..=100).contains(&quality) {
        return Err(Error::Quality(quality));
    }
    let (samples, gray) = samples(image)?;
    let [width, height] = [image.width, image.height].map(|side| side as u16);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    // Thin coloured lines and letters would lose their colour at half the columns.
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    if let Some(dpi) = dpi {
        let dots = dpi.round() as u16;
        encoder.set_density(PixelDensity::dpi(dots));
    }
    let colours = if gray { ColorType::Luma } else { ColorType::Rgb };
    encoder
        .encode(&samples, width, height, colours)
        .map_err(|error| refused("jpeg", error))?;
    Ok(bytes)
}

pub(super) fn refused(format: &'static str, reason: impl ToString) -> Error {
    Error::Encoder {
        format,
        reason: reason.to_string(),
    }
}

/// Gives the name of picture `number` (from 1) of `count`: `axial-007.png`, so that names sort as pictures do.
///
/// Of `stem` letters, digits, dots, underscores and hyphens stay, whatever the language; all else becomes a hyphen,
/// so that a name never leaves its folder.
///
/// ```
/// use engine::film::{Format, file_name};
/// assert_eq!(file_name("PET axial", 7, 120, Format::Png), "PET-axial-007.png");
/// ```
#[must_use]
pub fn file_name(stem: &str, number: usize, count: usize, format: Format) -> String {
    let plain: String = stem
        .chars()
        .take(100)
        .map(|letter| {
            if letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-') {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let plain = plain.trim_matches(['.', '-']);
    let plain = if plain.is_empty() { "image" } else { plain };
    let digits = count.max(number).to_string().len();
    format!("{plain}-{number:0digits$}.{}", format.extension())
}

#[cfg(test)]
mod tests {
    use super::{Format, encode, file_name};
    use crate::film::Error;
    use crate::render::Image;

    fn image(colour: u8) -> Image {
        Image {
            width: 16,
            height: 8,
            rgba: (0..128u8).flat_map(|n| [n, n, n ^ colour, 255]).collect(),
        }
    }

    #[test]
    fn a_png_keeps_every_pixel_and_its_size_on_paper() {
        for (colour, samples) in [(0, 1), (1, 3)] {
            let bytes = encode(&image(colour), Format::Png, Some(300.0)).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            assert_eq!(reader.info().pixel_dims.unwrap().xppu, 11_811);
            let mut found = vec![0; 128 * samples];
            reader.next_frame(&mut found).unwrap();
            let expected: Vec<u8> = (0..128u8)
                .flat_map(|n| [n, n, n ^ colour].into_iter().take(samples))
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_jpeg_says_its_size_and_colours() {
        for (colour, samples) in [(0, 1), (1, 3)] {
            let bytes = encode(&image(colour), Format::Jpeg { quality: 90 }, Some(300.0)).unwrap();
            assert_eq!(bytes[..4], [0xff, 0xd8, 0xff, 0xe0]);
            // Unit inch, 300 x 300 (JFIF 1.02).
            assert_eq!(bytes[13..18], [1, 1, 44, 1, 44]);
            let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
            assert_eq!(bytes[frame + 5..frame + 10], [0, 8, 0, 16, samples]);
        }
    }

    #[test]
    fn pictures_and_numbers_that_are_none_are_refused() {
        let empty = Image {
            width: 0,
            height: 0,
            rgba: Vec::new(),
        };
        let short = Image {
            width: u32::MAX,
            ..image(0)
        };
        for format in [Format::Png, Format::Jpeg { quality: 50 }] {
            for image in [&empty, &short] {
                assert!(matches!(encode(image, format, None), Err(Error::Picture { .. })));
            }
            assert!(matches!(
                encode(&image(0), format, Some(f64::NAN)),
                Err(Error::Dpi(_))
            ));
        }
        let quality = Format::Jpeg { quality: 101 };
        assert_eq!(encode(&image(0), quality, None), Err(Error::Quality(101)));
    }

    #[test]
    fn names_sort_and_stay_in_their_folder() {
        let check = |stem, number, count, expected| {
            assert_eq!(
                file_name(stem, number, count, Format::Jpeg { quality: 9 }),
                expected
            );
        };
        check("axial", 7, 12, "axial-07.jpg");
        check("../../etc/passwd", 1, 1, "etc-passwd-1.jpg");
        check("正面", 3, 100, "正面-003.jpg");
        check("", 1000, 10, "image-1000.jpg");
    }
}

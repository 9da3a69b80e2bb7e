//! How alike two coded pictures of one view are.

use std::io::Cursor;

use anyhow::{Context, ensure};
use image::ImageFormat;

use super::wire::{Coding, Head};

/// Columns, rows, and red, green, blue of each pixel.
struct Pixels {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Mean difference of colours, of 255. The larger picture is looked at where the smaller has its pixels.
pub fn difference(one: (&Head, &[u8]), other: (&Head, &[u8])) -> anyhow::Result<f64> {
    let (one, other) = (decoded(one.0, one.1)?, decoded(other.0, other.1)?);
    let (small, large) = if one.width <= other.width {
        (one, other)
    } else {
        (other, one)
    };
    let mut sum = 0_u64;
    for row in 0..small.height {
        for column in 0..small.width {
            let at = |pixels: &Pixels| {
                let x = (2 * column + 1) * pixels.width / (2 * small.width);
                let y = (2 * row + 1) * pixels.height / (2 * small.height);
                3 * (y * pixels.width + x)
            };
            let (from, to) = (at(&small), at(&large));
            let colours = small.rgb[from..from + 3].iter().zip(&large.rgb[to..to + 3]);
            sum += colours.map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
        }
    }
    Ok(sum as f64 / (3 * small.width * small.height) as f64)
}

fn decoded(head: &Head, coded: &[u8]) -> anyhow::Result<Pixels> {
    let rgb = match head.coding {
        Coding::Jpeg => image::load_from_memory_with_format(coded, ImageFormat::Jpeg)?
            .into_rgb8()
            .into_raw(),
        Coding::Png => image::load_from_memory_with_format(coded, ImageFormat::Png)?
            .into_rgb8()
            .into_raw(),
        Coding::Webp => webp(coded)?,
        Coding::Rgba => coded
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect(),
    };
    let (width, height) = (head.width as usize, head.height as usize);
    ensure!(
        rgb.len() == 3 * width * height && width * height > 0,
        "picture {}: expected {width} x {height} pixels, found {} bytes",
        head.picture,
        rgb.len()
    );
    Ok(Pixels { width, height, rgb })
}

fn webp(coded: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(coded))?;
    let bytes = decoder.output_buffer_size().context("too large a picture")?;
    let mut pixels = vec![0; bytes];
    decoder.read_image(&mut pixels)?;
    if decoder.has_alpha() {
        pixels = pixels
            .chunks_exact(4)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
    }
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::super::wire::Fidelity;
    use super::*;

    fn head(side: u32) -> Head {
        Head {
            picture: 1,
            viewport: 1,
            turn: 1,
            width: side,
            height: side,
            coding: Coding::Rgba,
            fidelity: Fidelity::Moving,
            fraction: 1.0,
        }
    }

    /// A picture whose pixels follow from their place, seen with so many pixels a side.
    fn picture(side: u32, value: fn(f64, f64) -> u8) -> Vec<u8> {
        let place = |at: u32| (f64::from(at) + 0.5) / f64::from(side);
        (0..side * side)
            .flat_map(|at| [value(place(at % side), place(at / side)); 4])
            .collect()
    }

    #[test]
    fn the_same_picture_is_alike_whatever_its_size_and_another_is_not() {
        let ramp = |x: f64, y: f64| (x * 200.0 + y * 50.0) as u8;
        let bright = |x: f64, y: f64| (x * 200.0 + y * 50.0) as u8 + 5;
        let (small, large) = (picture(32, ramp), picture(64, ramp));
        let difference = |a: &[u8], b: &[u8]| {
            let head_of = |bytes: &[u8]| head(((bytes.len() / 4) as f64).sqrt() as u32);
            super::difference((&head_of(a), a), (&head_of(b), b)).unwrap()
        };
        assert_eq!(difference(&small, &small), 0.0);
        assert!(difference(&small, &large) < 4.0);
        assert!((difference(&large, &picture(64, bright)) - 5.0).abs() < 1e-9);
        assert!(difference(&small, &picture(64, |x, y| 255 - (x * 200.0 + y * 50.0) as u8)) > 50.0);
        let short = super::difference((&head(32), &small[4..]), (&head(32), &small));
        assert!(short.unwrap_err().to_string().contains("expected 32 x 32 pixels"));
    }
}

//! Letters and texts burned into a picture, for files and prints; viewers draw their own.
//!
//! The letters are strokes of our own, drawn at any size with smooth edges and a dark outline: legible on
//! black and on white, without a font file or a font engine. They cover ASCII and the signs of units;
//! anything else is drawn as a box.

mod ink;
mod strokes;

use crate::presentation::{Annotations, ColorBar, Corners, Letters, ScaleBar};
use crate::render::Image;
use ink::{Anchor, Ink};

/// Image side, in pixels, at which text has its plain size.
const PLAIN_SIDE: f64 = 512.0;

/// Writes annotations on a picture; what does not fit is cut off at its edges.
pub fn annotate(image: &mut Image, annotations: &Annotations) {
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let scale = (width.min(height) / PLAIN_SIDE).clamp(0.8, 8.0);
    let page = Page {
        width,
        height,
        margin: 7.0 * scale,
        line: 15.0 * scale,
        scale,
    };
    let mut ink = Ink::new(image, scale);
    page.corners(&mut ink, &annotations.corners);
    let mut right = page.width - page.margin;
    if let Some(bar) = &annotations.color_bar {
        right = page.color_bar(&mut ink, bar);
    }
    if let Some(letters) = &annotations.letters {
        page.letters(&mut ink, letters, right);
    }
    if let Some(bar) = &annotations.scale_bar {
        page.scale_bar(&mut ink, bar);
    }
    if let Some(place) = annotations.cross {
        page.cross(&mut ink, place);
    }
}

/// Where things go, in pixels.
struct Page {
    width: f64,
    height: f64,
    margin: f64,
    /// From one line of text to the next.
    line: f64,
    scale: f64,
}

impl Page {
    fn corners(&self, ink: &mut Ink<'_>, corners: &Corners) {
        let right = self.width - self.margin;
        let below =
            |lines: &[String], n: usize| self.height - self.margin - self.line * (lines.len() - n) as f64;
        for (n, text) in corners.top_left.iter().enumerate() {
            ink.text(
                text,
                [self.margin, self.margin + self.line * n as f64],
                Anchor::Left,
                1.0,
            );
        }
        for (n, text) in corners.top_right.iter().enumerate() {
            ink.text(
                text,
                [right, self.margin + self.line * n as f64],
                Anchor::Right,
                1.0,
            );
        }
        for (n, text) in corners.bottom_left.iter().enumerate() {
            ink.text(
                text,
                [self.margin, below(&corners.bottom_left, n)],
                Anchor::Left,
                1.0,
            );
        }
        for (n, text) in corners.bottom_right.iter().enumerate() {
            ink.text(text, [right, below(&corners.bottom_right, n)], Anchor::Right, 1.0);
        }
    }

    fn letters(&self, ink: &mut Ink<'_>, letters: &Letters, right: f64) {
        const LARGER: f64 = 1.4;
        let (middle, center) = (self.height / 2.0 - self.line * LARGER / 2.0, self.width / 2.0);
        let bottom = self.height - self.margin - self.line * LARGER;
        ink.text(&letters.left, [self.margin, middle], Anchor::Left, LARGER);
        ink.text(&letters.right, [right, middle], Anchor::Right, LARGER);
        ink.text(&letters.top, [center, self.margin], Anchor::Center, LARGER);
        ink.text(&letters.bottom, [center, bottom], Anchor::Center, LARGER);
    }

    /// A ruler in the lower right, its length above it.
    fn scale_bar(&self, ink: &mut Ink<'_>, bar: &ScaleBar) {
        let right = self.width - self.margin - 2.0 * self.scale;
        let left = right - bar.length_pixels;
        let bottom = self.height - self.margin - 5.0 * self.scale;
        let tick = 3.0 * self.scale;
        ink.strokes(&[
            [[left, bottom - tick], [left, bottom + tick]],
            [[left, bottom], [right, bottom]],
            [[right, bottom - tick], [right, bottom + tick]],
        ]);
        let place = [(left + right) / 2.0, bottom - tick - self.line];
        ink.text(
            &format!("{} mm", rounded(bar.length_mm)),
            place,
            Anchor::Center,
            1.0,
        );
    }

    /// Four arms about a place.
    fn cross(&self, ink: &mut Ink<'_>, place: [f64; 2]) {
        if !place.iter().all(|at| at.is_finite()) {
            return;
        }
        // Ink counts from the corner of the picture, pixels from their centres.
        let [x, y] = place.map(|at| at + 0.5);
        let arms = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]].map(|[right, down]: [f64; 2]| {
            [8.0, 20.0].map(|along| [x + right * along * self.scale, y + down * along * self.scale])
        });
        ink.strokes(&arms);
    }

    /// The colours at the right edge with the window's limits; gives where there is room left of it.
    fn color_bar(&self, ink: &mut Ink<'_>, bar: &ColorBar) -> f64 {
        let (top, bottom) = (self.height * 0.3, self.height * 0.7);
        let right = self.width - self.margin - 2.0 * self.scale;
        let left = right - 9.0 * self.scale;
        ink.fill([left, top], [right, bottom], |down| {
            bar.color_map.color(1.0 - down)
        });
        ink.strokes(&[
            [[left, top], [right, top]],
            [[right, top], [right, bottom]],
            [[right, bottom], [left, bottom]],
            [[left, bottom], [left, top]],
        ]);
        let (low, high) = bar.window.limits();
        let edge = self.width - self.margin;
        let above = top - self.line;
        ink.text(&rounded(high), [edge, above], Anchor::Right, 1.0);
        ink.text(&bar.unit, [edge, above - self.line], Anchor::Right, 1.0);
        ink.text(
            &rounded(low),
            [edge, bottom + 0.3 * self.line],
            Anchor::Right,
            1.0,
        );
        left - self.margin
    }
}

/// A number as people read it: three digits or so, no zeros at the end.
fn rounded(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{annotate, rounded};
    use crate::colormap::{ColorMap, Window};
    use crate::presentation::{Annotations, ColorBar, Corners, Letters, ScaleBar};
    use crate::render::Image;

    fn full() -> Annotations {
        Annotations {
            letters: Some(Letters {
                left: "R".into(),
                right: "L".into(),
                top: "A".into(),
                bottom: "P".into(),
            }),
            corners: Corners {
                top_left: vec!["first line".into(), "second, 中文".into()],
                bottom_right: vec!["W 400 L 40".into()],
                ..Corners::default()
            },
            scale_bar: Some(ScaleBar {
                length_mm: 50.0,
                length_pixels: 60.0,
            }),
            color_bar: Some(ColorBar {
                color_map: ColorMap::gray(),
                window: Window::between(0.0, 5.0),
                unit: "SUVbw".into(),
            }),
            cross: Some([40.0, 1e9]),
        }
    }

    #[test]
    fn every_size_of_image_can_be_written_on() {
        for (width, height) in [(1, 1), (3, 200), (200, 3), (64, 64), (700, 500)] {
            let rgba = [128, 128, 128, 255].repeat(width as usize * height as usize);
            let mut image = Image { width, height, rgba };
            annotate(&mut image, &full());
            assert!(image.rgba.chunks(4).all(|pixel| pixel[3] == 255));
        }
    }

    /// Ink is bright in the middle of a stroke and dark around it, and only where something is written.
    #[test]
    fn letters_stand_at_their_edges() {
        for ground in [0, 255] {
            let rgba = [ground, ground, ground, 255].repeat(300 * 300);
            let mut image = Image {
                width: 300,
                height: 300,
                rgba,
            };
            let letters = Annotations {
                letters: full().letters,
                ..Annotations::default()
            };
            annotate(&mut image, &letters);
            let touched = |x: u32, y: u32| image.pixel(x, y)[0] != ground;
            let any = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
                ys.into_iter().any(|y| xs.clone().any(|x| touched(x, y)))
            };
            // On black only ink shows, on white only its outline.
            assert!(any(0..30, 130..170) && any(270..300, 130..170));
            assert!(any(130..170, 0..30) && any(130..170, 270..300));
            assert!(!any(60..240, 60..240) && !any(0..60, 0..60));
        }
    }

    #[test]
    fn a_cross_leaves_its_place_free() {
        let mut image = Image {
            width: 101,
            height: 101,
            rgba: [128, 128, 128, 255].repeat(101 * 101),
        };
        let cross = Annotations {
            cross: Some([50.0, 50.0]),
            ..Annotations::default()
        };
        annotate(&mut image, &cross);
        let level = |x: u32, y: u32| image.pixel(x, y)[0];
        for (x, y) in [(60, 50), (40, 50), (50, 60), (50, 40)] {
            assert!(level(x, y) > 240, "{x}, {y}");
        }
        assert_eq!([level(50, 50), level(60, 60), level(80, 50)], [128; 3]);
        let before = image.clone();
        let nowhere = Annotations {
            cross: Some([f64::NAN, 1.0]),
            ..Annotations::default()
        };
        annotate(&mut image, &nowhere);
        assert_eq!(image, before);
    }

    #[test]
    fn numbers_are_short() {
        let found = [0.0, 5.0, 2.5, -159.5, 0.051, 12.34, 1000.0].map(rounded);
        assert_eq!(found, ["0", "5", "2.5", "-160", "0.05", "12.3", "1000"]);
    }
}

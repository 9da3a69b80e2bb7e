//! Where letters, corner texts, ruler, colour bar and cross go on a picture.

use super::{Anchor, Drawing, Mark, Place, Style, TEXT_ASCENT, TEXT_POINTS, Text};
use crate::presentation::{Annotations, ColorBar, Corners, Letters, ScaleBar, Size};

/// Side of a picture, in pixels, at which a point is a pixel.
const PLAIN_SIDE: f64 = 512.0;
/// From the edges of the picture to what is written, points.
const MARGIN: f64 = 7.0;
/// From one line of text to the next, points.
const LINE: f64 = 15.0;
/// Height of a capital, in parts of a text's height.
const CAPITAL: f64 = 0.738;
/// How much larger the letters of the body's directions are.
const LARGER: f64 = 1.4;

impl Annotations {
    /// Pixels a point with which annotations take the same part of a picture of any size.
    ///
    /// For files and prints. On a screen it is the screen's pixels a point.
    #[must_use]
    pub fn scale_for(size: Size) -> f64 {
        let side = f64::from(size.width.min(size.height));
        (side / PLAIN_SIDE).clamp(0.8, 8.0)
    }

    /// The drawing of these annotations on a picture of this size, at `scale` pixels a point.
    ///
    /// A cross at no place is left out.
    #[must_use]
    pub fn drawing(&self, size: Size, scale: f64) -> Drawing {
        let mut page = Page {
            width: f64::from(size.width),
            height: f64::from(size.height),
            margin: MARGIN * scale,
            line: LINE * scale,
            drawing: Drawing::new(scale),
        };
        page.corners(&self.corners);
        let mut right = page.width - page.margin;
        if let Some(bar) = &self.color_bar {
            right = page.color_bar(bar);
        }
        if let Some(letters) = &self.letters {
            page.letters(letters, right);
        }
        if let Some(bar) = &self.scale_bar {
            page.scale_bar(bar);
        }
        if let Some(place) = self.cross {
            page.cross(place);
        }
        page.drawing
    }
}

/// Where things go, in pixels from the corner of the picture.
struct Page {
    width: f64,
    height: f64,
    margin: f64,
    line: f64,
    drawing: Drawing,
}

/// The place of a point that is counted from the corner of the picture.
fn from_corner([x, y]: [f64; 2]) -> Place {
    [x - 0.5, y - 0.5]
}

impl Page {
    /// A line of text with the upper edge of its capitals at a height, `size` times the plain size.
    fn text(&mut self, text: &str, [x, top]: [f64; 2], anchor: Anchor, size: f64) {
        if text.is_empty() {
            return;
        }
        let above = (TEXT_ASCENT - CAPITAL) * TEXT_POINTS * size * self.drawing.scale;
        let at = from_corner([x, top - above]);
        let text = Text {
            size,
            ..Text::new(text, at, anchor)
        };
        self.drawing.marks.push(Mark::Text(text));
    }

    fn corners(&mut self, corners: &Corners) {
        let (left, right) = (self.margin, self.width - self.margin);
        let lower = |lines: &[String]| self.height - self.margin - self.line * lines.len() as f64;
        for (lines, x, top, anchor) in [
            (&corners.top_left, left, self.margin, Anchor::TopLeft),
            (&corners.top_right, right, self.margin, Anchor::TopRight),
            (
                &corners.bottom_left,
                left,
                lower(&corners.bottom_left),
                Anchor::TopLeft,
            ),
            (
                &corners.bottom_right,
                right,
                lower(&corners.bottom_right),
                Anchor::TopRight,
            ),
        ] {
            for (n, text) in lines.iter().enumerate() {
                self.text(text, [x, top + self.line * n as f64], anchor, 1.0);
            }
        }
    }

    fn letters(&mut self, letters: &Letters, right: f64) {
        let (middle, center) = (self.height / 2.0 - self.line * LARGER / 2.0, self.width / 2.0);
        let (top, bottom) = (self.margin, self.height - self.margin - self.line * LARGER);
        self.text(&letters.left, [self.margin, middle], Anchor::TopLeft, LARGER);
        self.text(&letters.right, [right, middle], Anchor::TopRight, LARGER);
        self.text(&letters.top, [center, top], Anchor::Top, LARGER);
        self.text(&letters.bottom, [center, bottom], Anchor::Top, LARGER);
    }

    fn strokes(&mut self, points: &[[f64; 2]]) {
        self.drawing.marks.push(Mark::Polyline {
            points: points.iter().copied().map(from_corner).collect(),
            closed: false,
            style: Style::default(),
        });
    }

    /// A ruler in the lower right, its length above it.
    fn scale_bar(&mut self, bar: &ScaleBar) {
        let scale = self.drawing.scale;
        let right = self.width - self.margin - 2.0 * scale;
        let left = right - bar.length_pixels;
        let bottom = self.height - self.margin - 3.0 * scale;
        let above = bottom - 5.0 * scale;
        // One line, so that the outline of no part lies over another.
        self.strokes(&[[left, above], [left, bottom], [right, bottom], [right, above]]);
        let place = [(left + right) / 2.0, above - self.line];
        self.text(&format!("{} mm", rounded(bar.length_mm)), place, Anchor::Top, 1.0);
    }

    /// Four arms about a place.
    fn cross(&mut self, [x, y]: Place) {
        if !(x.is_finite() && y.is_finite()) {
            return;
        }
        for [right, down] in [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]] {
            let [from, to] = [8.0, 20.0].map(|points| {
                let along = points * self.drawing.scale;
                [x + right * along, y + down * along]
            });
            self.drawing.marks.push(Mark::line(from, to, Style::default()));
        }
    }

    /// The colours at the right edge with the window's limits; gives where there is room left of it.
    fn color_bar(&mut self, bar: &ColorBar) -> f64 {
        const BANDS: u32 = 256;
        let scale = self.drawing.scale;
        let (top, bottom) = (self.height * 0.3, self.height * 0.7);
        let right = self.width - self.margin - 2.0 * scale;
        let left = right - 9.0 * scale;
        let down = |band: u32| (f64::from(band) + 0.5) / f64::from(BANDS);
        self.drawing.marks.push(Mark::ColorRamp {
            upper_left: from_corner([left, top]),
            lower_right: from_corner([right, bottom]),
            colors: (0..BANDS)
                .map(|band| bar.color_map.color(1.0 - down(band)))
                .collect(),
            style: Style::default(),
        });
        let (low, high) = bar.window.limits();
        let edge = self.width - self.margin;
        let above = top - self.line;
        self.text(&rounded(high), [edge, above], Anchor::TopRight, 1.0);
        self.text(&bar.unit, [edge, above - self.line], Anchor::TopRight, 1.0);
        let below = bottom + 0.3 * self.line;
        self.text(&rounded(low), [edge, below], Anchor::TopRight, 1.0);
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
    use super::rounded;
    use crate::presentation::{Anchor, Annotations, Letters, Mark, Size};

    #[test]
    fn numbers_are_short() {
        let found = [0.0, 5.0, 2.5, -159.5, 0.051, 12.34, 1000.0].map(rounded);
        assert_eq!(found, ["0", "5", "2.5", "-160", "0.05", "12.3", "1000"]);
    }

    #[test]
    fn what_is_not_there_makes_no_mark() {
        let size = Size {
            width: 100,
            height: 80,
        };
        let mut annotations = Annotations {
            cross: Some([f64::NAN, 1.0]),
            letters: Some(Letters {
                top: "A".into(),
                ..Letters::default()
            }),
            ..Annotations::default()
        };
        let drawing = annotations.drawing(size, 1.0);
        let [Mark::Text(text)] = drawing.marks.as_slice() else {
            panic!("{drawing:?}")
        };
        // The middle of 100 pixels, whose centres are at 0 to 99.
        assert_eq!(
            (text.at[0], text.anchor, text.text.as_str()),
            (49.5, Anchor::Top, "A")
        );
        annotations.cross = Some([3.0, 4.0]);
        assert_eq!(annotations.drawing(size, 1.0).marks.len(), 5);
    }

    #[test]
    fn points_have_pixels_by_the_shorter_side() {
        let scale = |width, height| Annotations::scale_for(Size { width, height });
        assert_eq!(
            [scale(512, 900), scale(2000, 1024), scale(64, 64)],
            [1.0, 2.0, 0.8]
        );
    }
}

//! What no picture needs is refused, and what cannot be drawn is left out.

use proptest::prelude::*;

use super::{NOTO, bare, ground};
use crate::presentation::{Anchor, Drawing, Fonts, HandleShape, Mark, Style, Text};
use crate::render::Error;
use crate::render::annotate::{MAX_MARK_CHARACTERS, MAX_MARK_POINTS, MAX_MARKS, annotate};

#[test]
fn more_than_a_picture_needs_is_refused() {
    let check = |marks: Vec<Mark>, expected: &str| {
        let mut image = ground(64, 64, 50);
        let error = annotate(&mut image, &Drawing { scale: 1.0, marks }, &Fonts::default()).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(image, ground(64, 64, 50));
    };
    let dot = Mark::line([1.0; 2], [2.0; 2], Style::default());
    check(
        vec![dot; MAX_MARKS + 1],
        "a drawing takes at most 131072 marks, found 131073",
    );
    let long = Mark::Polyline {
        points: vec![[1.0; 2]; MAX_MARK_POINTS + 1],
        closed: true,
        style: Style::default(),
    };
    check(
        vec![long],
        "a drawing takes at most 2097152 points, found 2097153",
    );
    let text = "中".repeat(MAX_MARK_CHARACTERS / 2 + 1);
    check(
        vec![Mark::Text(Text::new(text, [1.0; 2], Anchor::Left)); 2],
        "a drawing takes at most 32768 characters, found 98310",
    );
    let mut image = ground(2, 2, 0);
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        let error = annotate(&mut image, &Drawing::new(scale), &Fonts::default());
        assert!(matches!(error, Err(Error::Number { .. })), "{scale}");
    }
    image.rgba.pop();
    assert!(annotate(&mut image, &Drawing::new(1.0), &Fonts::default()).is_err());
}

/// A million points across the picture, dashed and outlined, end; what is no number is left out and counted.
#[test]
fn hostile_marks_end() {
    let mut image = ground(50, 40, 60);
    let before = image.clone();
    let zigzag = |n: u32| [f64::from(n % 2) * 2e8 - 1e8, f64::from(n % 7) * 9.0 - 3.0];
    let dashed = Style {
        dash: Some([0.3, 0.3]),
        ..Style::default()
    };
    let many = Mark::Polyline {
        points: (0..1_000_000).map(zigzag).collect(),
        closed: true,
        style: dashed,
    };
    let nowhere = |at: f64| {
        [
            Mark::line([at, 1.0], [3.0, 3.0], Style::default()),
            Mark::circle([1.0, 1.0], at, Style::default()),
            Mark::Text(Text::new("A", [1.0, at], Anchor::Left)),
            Mark::line([1.0; 2], [3.0; 2], bare(at)),
        ]
    };
    let marks: Vec<Mark> = [f64::NAN, f64::INFINITY, -1e300]
        .into_iter()
        .flat_map(nowhere)
        .collect();
    let drawing = Drawing { scale: 1.0, marks };
    let report = annotate(&mut image, &drawing, &Fonts::default()).unwrap();
    assert_eq!((report.skipped, &image), (12, &before));
    let drawing = Drawing {
        scale: 1.0,
        marks: vec![many],
    };
    annotate(&mut image, &drawing, &Fonts::default()).unwrap();
    assert_ne!(image, before);
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -50.0..150.0f64,
        2 => -1e9..1e9f64,
        1 => prop::num::f64::ANY,
    ]
}

fn place() -> impl Strategy<Value = [f64; 2]> {
    prop::array::uniform2(number())
}

fn style() -> impl Strategy<Value = Style> {
    let dash = prop::option::of(place());
    (any::<[u8; 4]>(), number(), dash, any::<bool>()).prop_map(|(color, width, dash, outline)| Style {
        color,
        width_points: width / 10.0,
        dash,
        outline,
    })
}

fn mark() -> impl Strategy<Value = Mark> {
    let points = || prop::collection::vec(place(), 0..6);
    prop_oneof![
        (points(), any::<bool>(), style()).prop_map(|(points, closed, style)| Mark::Polyline {
            points,
            closed,
            style
        }),
        (prop::collection::vec(points(), 0..3), any::<[u8; 4]>())
            .prop_map(|(rings, color)| Mark::Polygon { rings, color }),
        (place(), place(), place(), style(), any::<Option<[u8; 4]>>()).prop_map(
            |(center, a, b, style, fill)| Mark::Ellipse {
                center,
                axes: [a, b],
                style,
                fill
            }
        ),
        (place(), place(), style()).prop_map(|(from, to, style)| Mark::Arrow { from, to, style }),
        (place(), any::<bool>(), any::<[u8; 4]>()).prop_map(|(at, selected, color)| Mark::Handle {
            at,
            shape: if selected {
                HandleShape::Round
            } else {
                HandleShape::Square
            },
            selected,
            color
        }),
        (place(), number(), number(), "\\PC{0,12}").prop_map(|(at, size, angle_rad, text)| Mark::Text(
            Text {
                size: size / 20.0,
                angle_rad,
                ..Text::new(text, at, Anchor::Center)
            }
        )),
        (place(), place(), any::<Vec<[u8; 3]>>(), style()).prop_map(
            |(upper_left, lower_right, colors, style)| Mark::ColorRamp {
                upper_left,
                lower_right,
                colors,
                style
            }
        ),
    ]
}

proptest! {
    /// Whatever is asked for, a picture stays an opaque picture, and drawing ends.
    #[test]
    fn any_marks_can_be_drawn(marks in prop::collection::vec(mark(), 0..8), scale in 0.1..9.0f64) {
        let mut image = ground(90, 70, 100);
        let fonts = Fonts::new([NOTO]).unwrap();
        let drawing = Drawing { scale, marks };
        match annotate(&mut image, &drawing, &fonts) {
            Ok(report) => prop_assert!(report.skipped <= drawing.marks.len()),
            Err(error) => prop_assert!(matches!(error, Error::TooMuchInk(_))),
        }
        prop_assert!(image.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255));
    }
}

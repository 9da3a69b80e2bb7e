mod bounds;

use std::f64::consts::PI;

use super::{Drawn, annotate};
use crate::colormap::{ColorMap, Window};
use crate::presentation::{
    Anchor, Annotations, ColorBar, Corners, Drawing, Fonts, HandleShape, Letters, Mark, ScaleBar, Size,
    Style, Text,
};
use crate::render::Image;

const NOTO: &[u8] = include_bytes!("../../../../server/assets/fonts/NotoSansSC-subset.otf");

/// White ink without an outline.
fn bare(width_points: f64) -> Style {
    Style {
        width_points,
        outline: false,
        ..Style::default()
    }
}

fn ground(width: u32, height: u32, level: u8) -> Image {
    Image {
        width,
        height,
        rgba: [level, level, level, 255].repeat(width as usize * height as usize),
    }
}

fn drawn(size: [u32; 2], scale: f64, marks: Vec<Mark>) -> Image {
    let mut image = ground(size[0], size[1], 0);
    let drawing = Drawing { scale, marks };
    let report = annotate(&mut image, &drawing, &Fonts::new([NOTO]).unwrap()).unwrap();
    assert_eq!(report, Drawn::default());
    image
}

/// How many pixels of white ink are on black.
fn area(image: &Image) -> f64 {
    image
        .rgba
        .chunks_exact(4)
        .map(|pixel| f64::from(pixel[1]) / 255.0)
        .sum()
}

fn check_area(marks: Vec<Mark>, expected: f64) {
    for scale in [1.0, 2.0] {
        let drawing = Drawing {
            scale: 1.0,
            marks: marks.clone(),
        }
        .magnified(scale);
        let side = (200.0 * scale) as u32;
        let found = area(&drawn([side, side], scale, drawing.marks)) / (scale * scale);
        assert!(
            (found / expected - 1.0).abs() < 0.01,
            "{found}, expected {expected}: {marks:?}"
        );
    }
}

/// Length times width, and a disc for both ends.
#[test]
fn a_line_has_the_area_of_its_width() {
    for width in [0.3, 1.0, 1.4, 3.0, 10.5] {
        for [dx, dy] in [
            [100.0, 0.0],
            [0.0, 100.0],
            [80.0, 60.0],
            [60.3, -41.7],
            [-100.0, 3.0],
        ] {
            let from = [110.3, 100.0 + 0.45];
            let line = Mark::line(from, [from[0] + dx * 0.8, from[1] + dy * 0.8], bare(width));
            let length = 0.8 * f64::hypot(dx, dy);
            check_area(vec![line], length * width + PI * width * width / 4.0);
        }
    }
}

#[test]
fn circles_and_areas_have_their_area() {
    let circle = |radius: f64, width| Mark::circle([99.2, 101.7], radius, bare(width));
    for (radius, width) in [(60.0, 1.4), (12.0, 1.0), (30.0, 9.0)] {
        check_area(vec![circle(radius, width)], 2.0 * PI * radius * width);
    }
    let axes = [[50.0, 20.0], [-12.0, 30.0]];
    let mut ellipse = Mark::Ellipse {
        center: [99.2, 101.7],
        axes,
        style: bare(0.0),
        fill: Some([255; 4]),
    };
    check_area(vec![ellipse.clone()], PI * (50.0 * 30.0 + 20.0 * 12.0));
    if let Mark::Ellipse { axes, .. } = &mut ellipse {
        axes.reverse();
    }
    check_area(vec![ellipse], PI * (50.0 * 30.0 + 20.0 * 12.0));
    let square =
        |[x, y]: [f64; 2], side: f64| vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
    let ring = Mark::Polygon {
        rings: vec![square([20.25, 30.5], 100.0), square([40.0, 50.0], 50.5)],
        color: [255; 4],
    };
    check_area(vec![ring], 100.0 * 100.0 - 50.5 * 50.5);
    check_area(
        vec![Mark::Handle {
            at: [50.0, 60.3],
            shape: HandleShape::Square,
            selected: true,
            color: [255; 4],
        }],
        // Its border is a line of 1.2 with round corners about the square of 7.
        7.0 * 7.0 + 4.0 * 7.0 * 0.6 + PI * 0.36,
    );
}

/// An outline is the area grown to all sides with round corners.
#[test]
fn outlines_grow_areas() {
    let handle = |shape| Mark::Handle {
        at: [99.2, 101.7],
        shape,
        selected: true,
        color: [0, 0, 0, 255],
    };
    // Black on white: the square of 7, or the disc, and 1.2 around it.
    for (shape, expected) in [
        (HandleShape::Square, 7.0 * 7.0 + 4.0 * 7.0 * 1.2 + PI * 1.2 * 1.2),
        (HandleShape::Round, PI * (3.5 + 1.2) * (3.5 + 1.2)),
    ] {
        let mut image = ground(200, 200, 255);
        let drawing = Drawing {
            scale: 1.0,
            marks: vec![handle(shape)],
        };
        annotate(&mut image, &drawing, &Fonts::default()).unwrap();
        let dark = 200.0 * 200.0 - area(&image);
        // A pixel that a border shares with its outline is mixed twice.
        assert!(
            (dark / expected - 1.0).abs() < 0.01,
            "{dark}, expected {expected}"
        );
    }
}

/// Pixels of bent paths are covered as 32 x 32 points of each say, which lie within half a width of the path or not.
#[test]
fn lines_are_all_points_near_a_path() {
    let paths: [(&[[f64; 2]], bool); 4] = [
        (&[[4.3, 5.1], [30.0, 8.2], [12.5, 24.0], [33.0, 33.0]], false),
        (&[[4.3, 5.1], [30.0, 8.2], [25.5, 30.0]], true),
        (&[[5.0, 20.3], [34.0, 21.0], [7.0, 28.0]], false),
        (&[[20.2, 20.3]], false),
    ];
    for (points, closed) in paths {
        for width in [1.0, 1.9, 5.0] {
            let mark = Mark::Polyline {
                points: points.to_vec(),
                closed,
                style: bare(width),
            };
            let image = drawn([40, 40], 1.0, vec![mark]);
            let worst = (0..40 * 40)
                .map(|at| {
                    let (x, y) = (at % 40, at / 40);
                    let found = f64::from(image.pixel(x, y)[0]) / 255.0;
                    (found - near(points, closed, width / 2.0, [f64::from(x), f64::from(y)])).abs()
                })
                .fold(0.0, f64::max);
            // The points of a pixel say its part to 1 in 50 or so, and where two strips meet two parts may be one.
            assert!(worst < 0.03, "{points:?} {width}: {worst}");
        }
    }
}

/// The part of a pixel within `half` of a path.
fn near(points: &[[f64; 2]], closed: bool, half: f64, [x, y]: [f64; 2]) -> f64 {
    const SIDE: usize = 32;
    let mut path = points.to_vec();
    path.extend(points.first().filter(|_| closed || points.len() == 1));
    let inside = (0..SIDE * SIDE).filter(|at| {
        let [u, v] = [at % SIDE, at / SIDE].map(|n| (n as f64 + 0.5) / SIDE as f64 - 0.5);
        path.windows(2).any(|pair| {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            let (dx, dy, px, py) = (bx - ax, by - ay, x + u - ax, y + v - ay);
            let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(1e-12)).clamp(0.0, 1.0);
            (px - along * dx).hypot(py - along * dy) <= half
        })
    });
    inside.count() as f64 / (SIDE * SIDE) as f64
}

/// The first and last column and row with ink.
fn box_of(image: &Image) -> [u32; 4] {
    let inked = |x: u32, y: u32| image.pixel(x, y)[0] > 40;
    let column = |x: &u32| (0..image.height).any(|y| inked(*x, y));
    let row = |y: &u32| (0..image.width).any(|x| inked(x, *y));
    [
        (0..image.width).find(column).unwrap(),
        (0..image.height).find(row).unwrap(),
        (0..image.width).rfind(column).unwrap(),
        (0..image.height).rfind(row).unwrap(),
    ]
}

fn plain(text: &str, at: [f64; 2], anchor: Anchor, size: f64) -> Mark {
    Mark::Text(Text {
        size,
        outline: false,
        ..Text::new(text, at, anchor)
    })
}

/// A Chinese character fills most of its square, which is where its anchor says.
#[test]
fn text_stands_where_it_is_anchored() {
    for (anchor, [left, top]) in [
        (Anchor::TopLeft, [50, 50]),
        (Anchor::Top, [37, 50]),
        (Anchor::TopRight, [24, 50]),
        (Anchor::Left, [50, 37]),
        (Anchor::Center, [37, 37]),
        (Anchor::BottomRight, [24, 24]),
    ] {
        // At size 2 the square has 26 pixels.
        let image = drawn([100, 100], 1.0, vec![plain("国", [49.5, 49.5], anchor, 2.0)]);
        let [first_x, first_y, last_x, last_y] = box_of(&image);
        let within = |first: u32, last: u32, from: u32| {
            first >= from && first < from + 5 && last < from + 26 && last > from + 20
        };
        assert!(
            within(first_x, last_x, left) && within(first_y, last_y, top),
            "{anchor:?}"
        );
    }
}

#[test]
fn chinese_and_latin_letters_follow_each_other() {
    let fonts = Fonts::new([NOTO]).unwrap();
    let at = [9.5, 10.5];
    let whole = drawn(
        [200, 40],
        1.0,
        vec![plain("中文 SUV 4.2", at, Anchor::TopLeft, 1.0)],
    );
    let split = 9.5 + fonts.width_points("中文 ", 1.0);
    let parts = vec![
        plain("中文 ", at, Anchor::TopLeft, 1.0),
        plain("SUV 4.2", [split, at[1]], Anchor::TopLeft, 1.0),
    ];
    assert_eq!(whole, drawn([200, 40], 1.0, parts));
    let [left, _, right, _] = box_of(&whole);
    let width = fonts.width_points("中文 SUV 4.2", 1.0);
    assert!(left >= 10 && f64::from(right) < 10.0 + width && f64::from(right) > 7.0 + width);
    // Half a turn about the anchor puts the text's end where it started.
    let turned = Mark::Text(Text {
        outline: false,
        angle_rad: PI,
        ..Text::new("国", [99.5, 49.5], Anchor::Left)
    });
    let [_, _, right, _] = box_of(&drawn([200, 100], 1.0, vec![turned]));
    assert!((96..100).contains(&right), "{right}");
}

#[test]
fn a_scale_of_2_is_twice_the_size() {
    for text in ["诊断 CT", "R"] {
        let marks = |at: f64| vec![plain(text, [at, at], Anchor::Center, 2.0)];
        let [once, twice] = [
            drawn([200, 200], 1.0, marks(99.5)),
            drawn([400, 400], 2.0, marks(199.5)),
        ];
        assert!((area(&twice) / area(&once) - 4.0).abs() < 0.05, "{text}");
        let width = |image: &Image| {
            let [left, _, right, _] = box_of(image);
            f64::from(right - left)
        };
        assert!((width(&twice) - 2.0 * width(&once)).abs() <= 3.0);
    }
}

#[test]
fn missing_characters_are_gaps_and_reported() {
    let (mut image, mut without) = (ground(200, 40, 90), ground(200, 40, 90));
    let draw = |image: &mut Image, text: &str, fonts: &Fonts| {
        let mut drawing = Drawing::new(1.0);
        drawing
            .marks
            .push(Mark::Text(Text::new(text, [10.0, 10.0], Anchor::TopLeft)));
        annotate(image, &drawing, fonts).unwrap()
    };
    let fonts = Fonts::default();
    let report = draw(&mut image, "A肺B肺", &fonts);
    assert_eq!(report.missing, ['肺'].into_iter().collect());
    assert_eq!(report.skipped, 0);
    draw(&mut without, "A", &fonts);
    // Nothing is drawn in the gap of 13 pixels behind the A.
    let end = 11 + fonts.width_points("A", 1.0) as u32;
    for x in 0..end + 10 {
        for y in 0..40 {
            assert_eq!(image.pixel(x, y), without.pixel(x, y));
        }
    }
    assert!(
        (end + 13..end + 25).any(|x| (0..40).any(|y| image.pixel(x, y)[0] > 200)),
        "no B"
    );
    assert_eq!(
        draw(&mut image, "肺", &Fonts::new([NOTO]).unwrap()),
        Drawn::default()
    );
}

#[test]
fn only_pixels_of_marks_change() {
    let mut image = ground(300, 300, 77);
    let before = image.clone();
    let drawing = Drawing {
        scale: 1.0,
        marks: vec![
            Mark::circle([150.0, 150.0], 60.0, Style::default()),
            Mark::line(
                [100.0, 150.0],
                [200.0, 150.0],
                Style {
                    dash: Some([6.0, 4.0]),
                    ..Style::default()
                },
            ),
            Mark::Text(Text::new("病灶", [150.0, 90.0], Anchor::Bottom)),
        ],
    };
    annotate(&mut image, &drawing, &Fonts::new([NOTO]).unwrap()).unwrap();
    for (x, y) in (0..300).flat_map(|y| (0..300).map(move |x| (x, y))) {
        let (across, down) = (f64::from(x) - 150.0, f64::from(y) - 150.0);
        let from_center = across.hypot(down);
        let is_marked = (from_center - 60.0).abs() < 2.7
            || down.abs() < 2.7 && across.abs() < 53.0
            || across.abs() < 16.0 && (-77.0..=-57.0).contains(&down);
        assert!(is_marked || image.pixel(x, y) == before.pixel(x, y), "{x}, {y}");
    }
    assert_eq!(image.pixel(150, 210), [255; 4]);
    // The outline ends 1.9 beyond the circle's 60: it covers two fifths of the pixel from 61.5 to 62.5.
    assert!(image.pixel(150, 212)[0].abs_diff(46) <= 1);
}

#[test]
fn a_ramp_shows_its_colours_in_order() {
    let ramp = Mark::ColorRamp {
        upper_left: [9.5, 9.5],
        lower_right: [19.5, 49.5],
        colors: vec![[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]],
        style: bare(0.0),
    };
    let image = drawn([40, 60], 1.0, vec![ramp]);
    let levels = [5, 10, 19, 20, 30, 39, 40, 49, 50].map(|y| image.pixel(15, y)[..3].to_vec());
    let (red, green, blue, dark) = ([255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]);
    assert_eq!(
        levels,
        [[0; 3], red, red, green, blue, blue, dark, dark, [0; 3]].map(Vec::from)
    );
}

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

fn annotated(image: &mut Image, annotations: &Annotations) {
    let size = Size {
        width: image.width,
        height: image.height,
    };
    let drawing = annotations.drawing(size, Annotations::scale_for(size));
    annotate(image, &drawing, &Fonts::default()).unwrap();
}

#[test]
fn every_size_of_image_can_be_written_on() {
    for (width, height) in [(0, 0), (1, 1), (3, 200), (200, 3), (64, 64), (700, 500)] {
        let mut image = ground(width, height, 128);
        annotated(&mut image, &full());
        assert!(image.rgba.chunks(4).all(|pixel| pixel[3] == 255));
    }
}

/// Ink is bright in the middle of a stroke and dark around it, and only where something is written.
#[test]
fn letters_stand_at_their_edges() {
    for level in [0, 255] {
        let mut image = ground(300, 300, level);
        let letters = Annotations {
            letters: full().letters,
            ..Annotations::default()
        };
        annotated(&mut image, &letters);
        let touched = |x: u32, y: u32| image.pixel(x, y)[0] != level;
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
    let mut image = ground(101, 101, 128);
    let cross = Annotations {
        cross: Some([50.0, 50.0]),
        ..Annotations::default()
    };
    annotated(&mut image, &cross);
    let level = |x: u32, y: u32| image.pixel(x, y)[0];
    for (x, y) in [(60, 50), (40, 50), (50, 60), (50, 40)] {
        assert!(level(x, y) > 240, "{x}, {y}");
    }
    assert_eq!([level(50, 50), level(60, 60), level(80, 50)], [128; 3]);
}

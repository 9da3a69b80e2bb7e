mod odd;

use codec::TransferSyntax;
use proptest::prelude::*;

use super::{blending_state, colour_state, presentation_state};
use crate::colormap::{Window, WindowFunction};
use crate::dicom::presentation_state::*;
use crate::dicom::read::planar::{Curve, StatedWindow, Table};
use crate::dicom::read::{
    blending_state as read_blending, colour_state as read_colour, presentation_state as read_state,
};
use crate::dicom::write::{CharacterSet, DateTime, Equipment, Error, Instance, Patient, Series, Study};
use crate::dicom::{ImageReference, ObjectReference};

const CREATED: DateTime = DateTime::new(2026, 3, 4, 11, 30, 15);

fn study() -> Study {
    Study {
        character_set: CharacterSet::Utf8,
        patient: Patient {
            name: "Test".to_owned(),
            id: "1".to_owned(),
            birth_date: None,
            sex: None,
            weight_kg: None,
            height_m: None,
        },
        study_instance_uid: "1.2.1".to_owned(),
        start: Some(CREATED),
        id: String::new(),
        accession_number: String::new(),
        description: String::new(),
    }
}

fn series() -> Series {
    Series {
        series_instance_uid: "1.2.2".to_owned(),
        number: 9,
        description: "State".to_owned(),
        start: CREATED,
        frame_of_reference_uid: None,
        patient_position: "HFS",
        body_part: "",
        equipment: Equipment {
            manufacturer: "Uptake".to_owned(),
            model: "Uptake".to_owned(),
            serial_number: "1".to_owned(),
            software: "0.1".to_owned(),
        },
    }
}

fn image(study: &str, n: u32, frames: &[u32]) -> ImageReference {
    ImageReference {
        reference: ObjectReference {
            study_instance_uid: study.to_owned(),
            series_instance_uid: format!("{study}.{}", n / 2),
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            sop_instance_uid: format!("{study}.3.{n}"),
        },
        frames: frames.to_vec(),
    }
}

fn content() -> Content {
    Content {
        sop_instance_uid: "1.2.3".to_owned(),
        label: "KEY_VIEW".to_owned(),
        description: "视图 for the board".to_owned(),
        creator: "Doe^Jane".to_owned(),
        created: Some(CREATED),
    }
}

fn area() -> DisplayedArea {
    DisplayedArea {
        images: Vec::new(),
        top_left: [1, 1],
        bottom_right: [512, 256],
        scaling: Scaling::ScaleToFit,
        pixel: Some(PixelShape::AspectRatio([2, 3])),
    }
}

fn window(images: Vec<ImageReference>, window: Window) -> SoftcopyWindow {
    SoftcopyWindow {
        images,
        view: StatedWindow {
            explanation: None,
            curve: Curve::Window(window),
        },
    }
}

fn state() -> PresentationState {
    PresentationState {
        content: content(),
        images: vec![image("1.2.1", 0, &[]), image("1.2.1", 1, &[2, 4])],
        windows: vec![window(Vec::new(), Window::linear(40.0, 400.0))],
        layout: Layout {
            areas: vec![area()],
            ..Layout::default()
        },
        ..PresentationState::default()
    }
}

/// All that a state can say, to some images or all.
fn full_state() -> PresentationState {
    let first = state().images[..1].to_vec();
    let frame = vec![image("1.2.1", 1, &[4])];
    let table = Table::new(-5, 12, (0..4096).collect()).unwrap();
    PresentationState {
        modality: Some(Modality::Rescale {
            slope: 2.5,
            intercept: -1024.0,
            kind: "HU".to_owned(),
        }),
        windows: vec![
            SoftcopyWindow {
                images: first.clone(),
                view: StatedWindow {
                    explanation: Some("Bone".to_owned()),
                    curve: Curve::Table(table),
                },
            },
            window(
                frame.clone(),
                Window {
                    center: 2.5,
                    width: 0.25,
                    function: WindowFunction::Sigmoid,
                },
            ),
        ],
        presentation_lut: PresentationLut::Inverse,
        shutter: Some(shutter()),
        overlays: vec![
            ActiveOverlay {
                group: 0x6000,
                layer: Some("OVERLAY".to_owned()),
            },
            ActiveOverlay {
                group: 0x601E,
                layer: None,
            },
        ],
        layout: full_layout(first, frame),
        ..state()
    }
}

fn full_layout(first: Vec<ImageReference>, frame: Vec<ImageReference>) -> Layout {
    Layout {
        orientation: Orientation {
            turns: QuarterTurns::Three,
            is_mirrored: true,
        },
        areas: vec![
            DisplayedArea {
                images: first,
                top_left: [-10, 0],
                scaling: Scaling::Magnify(2.5),
                ..area()
            },
            DisplayedArea {
                images: frame.clone(),
                scaling: Scaling::TrueSize,
                pixel: Some(PixelShape::SpacingMm([0.5, 0.75])),
                ..area()
            },
        ],
        annotations: vec![annotation(frame)],
        layers: vec![
            GraphicLayer {
                name: "MEASUREMENTS".to_owned(),
                order: 2,
                description: "Lengths".to_owned(),
                grey: Some(65535),
                colour: Some(CieLab::of_srgb([255, 200, 0])),
            },
            GraphicLayer {
                name: "OVERLAY".to_owned(),
                order: 1,
                ..GraphicLayer::default()
            },
        ],
    }
}

fn shutter() -> Shutter {
    Shutter {
        shapes: vec![
            ShutterShape::Rectangular {
                left: 10,
                right: 500,
                upper: 20,
                lower: 250,
            },
            ShutterShape::Circular {
                center: [256, 128],
                radius: 120,
            },
            ShutterShape::Polygonal(vec![[1, 1], [512, 1], [256, 256]]),
        ],
        grey: Some(1000),
        colour: Some(CieLab([1, 2, 3])),
    }
}

fn tracking() -> Option<Tracking> {
    Some(Tracking {
        id: "L1\\a".to_owned(),
        uid: "1.2.9".to_owned(),
    })
}

fn annotation(images: Vec<ImageReference>) -> Annotation {
    let graphic = |units, shape| Graphic {
        units,
        shape,
        is_filled: false,
        tracking: None,
    };
    let square = vec![[1.0, 1.0], [9.0, 1.0], [9.0, 9.5], [1.0, 1.0]];
    Annotation {
        images,
        layer: "MEASUREMENTS".to_owned(),
        graphics: vec![
            graphic(Units::Pixel, Shape::Point([10.25, 20.5])),
            graphic(Units::Display, Shape::Polyline(vec![[0.1, 0.2], [0.3, 0.4]])),
            Graphic {
                is_filled: true,
                tracking: tracking(),
                ..graphic(Units::Pixel, Shape::Polyline(square.clone()))
            },
            graphic(Units::Pixel, Shape::Interpolated(square)),
            graphic(
                Units::Pixel,
                Shape::Circle {
                    center: [100.0, 50.0],
                    on_circle: [110.0, 50.0],
                },
            ),
            graphic(
                Units::Pixel,
                Shape::Ellipse {
                    major: [[100.0, 50.0], [200.0, 50.0]],
                    minor: [[150.0, 30.0], [150.0, 70.0]],
                },
            ),
        ],
        texts: vec![
            Text {
                text: "长 12.5 mm\r\na\\b".to_owned(),
                bounds: Some(TextBox {
                    units: Units::Display,
                    top_left: [0.5, 0.25],
                    bottom_right: [0.75, 0.375],
                    justification: Some(Justification::Center),
                }),
                anchor: Some(Anchor {
                    units: Units::Pixel,
                    point: [100.5, 50.25],
                    is_visible: true,
                }),
                tracking: tracking(),
            },
            Text {
                text: "L1".to_owned(),
                bounds: None,
                anchor: Some(Anchor {
                    units: Units::Pixel,
                    point: [1.0, 2.0],
                    is_visible: false,
                }),
                tracking: None,
            },
        ],
    }
}

fn coloured() -> ColourState {
    let state = full_state();
    ColourState {
        content: state.content,
        images: state.images,
        shutter: state.shutter,
        overlays: state.overlays,
        layout: state.layout,
    }
}

fn blended() -> BlendingState {
    let side = |study: &str, last| BlendedImages {
        images: (0..last).map(|n| image(study, n, &[])).collect(),
        modality: None,
        windows: vec![window(Vec::new(), Window::linear(40.0, 400.0))],
    };
    BlendingState {
        content: content(),
        underlying: side("1.2.1", 3),
        superimposed: BlendedImages {
            modality: Some(Modality::Rescale {
                slope: 0.5,
                intercept: 0.0,
                kind: "US".to_owned(),
            }),
            ..side("1.9.1", 2)
        },
        opacity: 0.375,
        palette: Palette {
            colours: (0..256).map(|n| [n * 257, n * n, 65535 - n]).collect(),
            uid: Some("1.2.840.10008.1.5.2".to_owned()),
        },
        registrations: vec![ObjectReference {
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.66.1".to_owned(),
            ..image("1.2.1", 7, &[]).reference
        }],
        layout: full_layout_of_blending(),
    }
}

fn full_layout_of_blending() -> Layout {
    let mut layout = full_state().layout;
    layout.areas = vec![area()];
    layout.annotations[0].images = vec![image("1.9.1", 1, &[])];
    layout
}

fn bytes_of(written: Result<Instance, Error>, syntax: TransferSyntax) -> Vec<u8> {
    written.unwrap().encode(syntax).unwrap()
}

const SYNTAXES: [TransferSyntax; 3] = [
    TransferSyntax::ExplicitLittleEndian,
    TransferSyntax::ImplicitLittleEndian,
    TransferSyntax::ExplicitBigEndian,
];

#[test]
fn states_come_back_as_they_were() {
    let mut tables = full_state();
    tables.modality = Some(Modality::Table {
        table: Table::new(0, 8, (0..=255).collect()).unwrap(),
        kind: "OD".to_owned(),
        explanation: "Film".to_owned(),
    });
    tables.windows.remove(0);
    tables.presentation_lut = PresentationLut::Table {
        table: Table::new(0, 16, (0..=u16::MAX).rev().collect()).unwrap(),
        explanation: String::new(),
    };
    for syntax in SYNTAXES {
        for state in [state(), full_state(), tables.clone()] {
            let bytes = bytes_of(presentation_state(&study(), &series(), &state), syntax);
            let (found, warnings) = read_state(&bytes).unwrap();
            assert_eq!(warnings, [], "{syntax:?}");
            assert_eq!(found, state, "{syntax:?}");
        }
        let bytes = bytes_of(blending_state(&study(), &series(), &blended()), syntax);
        let (found, warnings) = read_blending(&bytes).unwrap();
        assert_eq!(warnings, [], "{syntax:?}");
        assert_eq!(found, blended(), "{syntax:?}");
        let bytes = bytes_of(colour_state(&study(), &series(), &coloured()), syntax);
        let (found, warnings) = read_colour(&bytes).unwrap();
        assert_eq!(warnings, [], "{syntax:?}");
        assert_eq!(found, coloured(), "{syntax:?}");
        assert!(read_state(&bytes).is_err());
    }
}

fn points() -> impl Strategy<Value = Vec<[f32; 2]>> {
    let number = || prop_oneof![-1e6_f32..1e6, Just(0.0), Just(f32::MAX), Just(f32::MIN_POSITIVE)];
    prop::collection::vec([number(), number()], 2..20)
}

proptest! {
    #[test]
    fn any_graphic_comes_back(points in points(), kind in 0..5, corners in [any::<i32>(), any::<i32>()]) {
        let at = |n: usize| points[n % points.len()];
        let shape = match kind {
            0 => Shape::Point(at(0)),
            1 => Shape::Polyline(points.clone()),
            2 => Shape::Interpolated(points.clone()),
            3 => Shape::Circle { center: at(0), on_circle: at(1) },
            _ => Shape::Ellipse { major: [at(0), at(1)], minor: [at(2), at(3)] },
        };
        let mut state = full_state();
        let is_filled = shape.is_closed();
        state.layout.annotations[0].graphics = vec![Graphic { units: Units::Pixel, shape, is_filled, tracking: None }];
        state.layout.areas[0].top_left = corners.map(|n| n.min(0));
        state.layout.areas[0].bottom_right = corners.map(|n| n.max(0));
        let bytes = bytes_of(presentation_state(&study(), &series(), &state), SYNTAXES[0]);
        let (found, warnings) = read_state(&bytes).unwrap();
        prop_assert_eq!(warnings, []);
        prop_assert_eq!(found, state);
    }
}

/// What a change of a full state is refused with.
fn check_refused(change: impl Fn(&mut PresentationState), expected: &str) {
    let mut state = full_state();
    change(&mut state);
    let error = presentation_state(&study(), &series(), &state)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn states_without_what_they_need_are_refused() {
    check_refused(
        |state| state.images.clear(),
        "images of a presentation state: expected at least one",
    );
    check_refused(
        |state| state.images[0] = image("1.7", 0, &[]),
        "images of a presentation state: expected those",
    );
    check_refused(
        |state| state.content.created = None,
        "presentation state: expected a creation date",
    );
    check_refused(
        |state| state.content.label = "lower".to_owned(),
        "label of a presentation state",
    );
    check_refused(
        |state| state.layout.areas.clear(),
        "displayed areas: expected at least one",
    );
    check_refused(
        |state| state.layout.areas[1].pixel = None,
        "pixels of a displayed area",
    );
    check_refused(
        |state| state.layout.layers.clear(),
        "graphic layer: expected one of the state's layers",
    );
    check_refused(
        |state| state.windows[0].images = vec![image("1.2.1", 5, &[])],
        "images of an item",
    );
    check_refused(
        |state| state.layout.areas[0].images = vec![image("1.2.1", 1, &[3])],
        "images of an item",
    );
    check_refused(|state| state.overlays[0].group = 0x6001, "group of an overlay");
}

#[test]
fn what_no_object_can_hold_is_refused() {
    check_refused(
        |state| {
            let graphics = &mut state.layout.annotations[0].graphics;
            graphics[0].shape = Shape::Point([f32::NAN, 0.0]);
        },
        "number of a presentation state: expected a finite one, found NaN",
    );
    check_refused(
        |state| {
            let graphics = &mut state.layout.annotations[0].graphics;
            graphics[0].shape = Shape::Polyline(vec![[0.0; 2]; 65_536]);
        },
        "points of a graphic: expected 2 to 65535",
    );
    check_refused(
        |state| state.layout.annotations[0].texts[0].text.clear(),
        "text: expected 1 to 1024",
    );
    check_refused(
        |state| state.windows[0] = window(vec![], Window::linear(f64::INFINITY, 1.0)),
        "window",
    );
    let modality = Modality::Rescale {
        slope: 0.0,
        intercept: 0.0,
        kind: "HU".to_owned(),
    };
    check_refused(move |state| state.modality = Some(modality.clone()), "rescale");
    check_refused(
        |state| state.shutter.as_mut().unwrap().grey = None,
        "shutter: expected a presentation value",
    );
    let mut state = blended();
    state.opacity = 1.5;
    let error = blending_state(&study(), &series(), &state)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "opacity: expected 0 to 1, found 1.5");
}

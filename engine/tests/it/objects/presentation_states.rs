//! Presentation states: `dciodvfy` finds no error, pydicom reads the same attributes, and a state of another producer
//! is read whole.

use codec::TransferSyntax;
use engine::colormap::Window;
use engine::dicom::presentation_state::{
    ActiveOverlay, Anchor, Annotation, BlendedImages, BlendingState, CieLab, ColourState, Content,
    DisplayedArea, Graphic, GraphicLayer, Justification, Layout, Modality, Orientation, Palette, PixelShape,
    PresentationLut, PresentationState, QuarterTurns, Scaling, Shape, Shutter, ShutterShape, SoftcopyWindow,
    Text, TextBox, Tracking, Units,
};
use engine::dicom::read::planar::{Curve, StatedWindow, Table};
use engine::dicom::read::{
    blending_state as read_blending_state, colour_state as read_colour_state,
    presentation_state as read_presentation_state,
};
use engine::dicom::write::{blending_state, colour_state, derived_uid, presentation_state};
use engine::dicom::{ImageReference, ObjectReference};
use serde_json::{Value, json};

use super::peers;
use super::study::{CREATED, Pet, pet, series};

const NATIVE: TransferSyntax = TransferSyntax::ExplicitLittleEndian;

fn content(name: &str) -> Content {
    Content {
        sop_instance_uid: derived_uid(&["objects", "state", name]),
        label: "KEY_VIEW".to_owned(),
        description: "Lesion in the right lung".to_owned(),
        creator: "Doe^Jane".to_owned(),
        created: Some(CREATED),
    }
}

fn area(images: Vec<ImageReference>) -> DisplayedArea {
    DisplayedArea {
        images,
        top_left: [1, 1],
        bottom_right: [23, 19],
        scaling: Scaling::ScaleToFit,
        pixel: Some(PixelShape::SpacingMm([2.5, 2.25])),
    }
}

fn window(images: Vec<ImageReference>, window: Window) -> SoftcopyWindow {
    SoftcopyWindow {
        images,
        view: StatedWindow {
            explanation: Some("SUV 0 to 5".to_owned()),
            curve: Curve::Window(window),
        },
    }
}

fn rescale(slope: f64, intercept: f64, kind: &str) -> Option<Modality> {
    Some(Modality::Rescale {
        slope,
        intercept,
        kind: kind.to_owned(),
    })
}

fn graphics() -> Vec<Graphic> {
    let graphic = |units, shape| Graphic {
        units,
        shape,
        is_filled: false,
        tracking: Some(Tracking {
            id: "L1".to_owned(),
            uid: derived_uid(&["objects", "lesion", "1"]),
        }),
    };
    let square = vec![[1.0, 1.0], [9.0, 1.0], [9.0, 9.5], [1.0, 1.0]];
    let circle = Shape::Circle {
        center: [10.0, 9.0],
        on_circle: [12.5, 9.0],
    };
    let ellipse = Shape::Ellipse {
        major: [[4.0, 9.0], [12.0, 9.0]],
        minor: [[8.0, 7.0], [8.0, 11.0]],
    };
    vec![
        graphic(Units::Pixel, Shape::Point([3.5, 2.25])),
        graphic(Units::Display, Shape::Polyline(vec![[0.125, 0.25], [0.5, 0.75]])),
        graphic(Units::Pixel, Shape::Interpolated(square.clone())),
        Graphic {
            is_filled: true,
            ..graphic(Units::Pixel, Shape::Polyline(square))
        },
        graphic(Units::Pixel, circle),
        graphic(Units::Pixel, ellipse),
    ]
}

fn layout(areas: Vec<DisplayedArea>, annotated: Vec<ImageReference>) -> Layout {
    let text = Text {
        text: "Long axis 12.5 mm\r\n长轴".to_owned(),
        bounds: Some(TextBox {
            units: Units::Display,
            top_left: [0.5, 0.25],
            bottom_right: [0.75, 0.375],
            justification: Some(Justification::Left),
        }),
        anchor: Some(Anchor {
            units: Units::Pixel,
            point: [3.5, 2.25],
            is_visible: true,
        }),
        tracking: None,
    };
    Layout {
        orientation: Orientation {
            turns: QuarterTurns::One,
            is_mirrored: true,
        },
        areas,
        annotations: vec![Annotation {
            images: annotated,
            layer: "MEASUREMENTS".to_owned(),
            graphics: graphics(),
            texts: vec![text],
        }],
        layers: vec![GraphicLayer {
            name: "MEASUREMENTS".to_owned(),
            order: 1,
            description: "Lengths".to_owned(),
            grey: Some(65535),
            colour: Some(CieLab::of_srgb([255, 200, 0])),
        }],
    }
}

/// A state that uses everything, of all slices but for two.
pub fn state(pet: &Pet) -> PresentationState {
    let images = pet.images.image_references();
    let (first, rest) = (images[..2].to_vec(), images[2..].to_vec());
    PresentationState {
        content: content("1"),
        images,
        modality: rescale(2.5, 0.0, "US"),
        windows: vec![
            window(first.clone(), Window::linear(5000.0, 10_000.0)),
            SoftcopyWindow {
                images: rest.clone(),
                view: StatedWindow {
                    explanation: None,
                    curve: Curve::Table(
                        Table::new(0, 16, (0..4096).rev().map(|n| n * 16 + 15).collect()).unwrap(),
                    ),
                },
            },
        ],
        shutter: Some(Shutter {
            shapes: vec![
                ShutterShape::Rectangular {
                    left: 1,
                    right: 22,
                    upper: 2,
                    lower: 19,
                },
                ShutterShape::Circular {
                    center: [12, 9],
                    radius: 8,
                },
                ShutterShape::Polygonal(vec![[1, 1], [22, 1], [11, 19]]),
            ],
            grey: Some(0),
            colour: None,
        }),
        overlays: vec![ActiveOverlay {
            group: 0x6000,
            layer: Some("MEASUREMENTS".to_owned()),
        }],
        layout: layout(
            vec![
                area(first.clone()),
                DisplayedArea {
                    scaling: Scaling::Magnify(2.5),
                    ..area(rest)
                },
            ],
            first,
        ),
        ..PresentationState::default()
    }
}

/// The bytes of [`state`].
pub fn written(pet: &Pet) -> Vec<u8> {
    let written = presentation_state(&pet.study, &series("state", 60), &state(pet)).unwrap();
    written.encode(NATIVE).unwrap()
}

/// The PET over itself, as if it were a CT of another study.
pub fn blended(pet: &Pet) -> BlendingState {
    let mut below = pet.images.image_references();
    for (k, image) in below.iter_mut().enumerate() {
        image.reference = ObjectReference {
            study_instance_uid: derived_uid(&["objects", "ct study"]),
            series_instance_uid: derived_uid(&["objects", "ct"]),
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            sop_instance_uid: derived_uid(&["objects", "ct", &k.to_string()]),
        };
    }
    let above = pet.images.image_references();
    let registration = ObjectReference {
        study_instance_uid: pet.study.study_instance_uid.clone(),
        series_instance_uid: derived_uid(&["objects", "registration"]),
        sop_class_uid: "1.2.840.10008.5.1.4.1.1.66.1".to_owned(),
        sop_instance_uid: derived_uid(&["objects", "registration", "1"]),
    };
    BlendingState {
        content: content("2"),
        layout: layout(vec![area(Vec::new())], above[..1].to_vec()),
        underlying: BlendedImages {
            images: below,
            modality: rescale(1.0, -1024.0, "HU"),
            windows: vec![window(Vec::new(), Window::linear(40.0, 400.0))],
        },
        superimposed: BlendedImages {
            windows: vec![window(above[..3].to_vec(), Window::linear(5000.0, 10_000.0))],
            images: above,
            modality: rescale(2.5, 0.0, "US"),
        },
        opacity: 0.375,
        palette: Palette {
            colours: (0..256).map(|n| [n * 257, n * n, 65535 - n]).collect(),
            uid: None,
        },
        registrations: vec![registration],
    }
}

/// The bytes of [`blended`].
pub fn written_blended(pet: &Pet) -> Vec<u8> {
    let written = blending_state(&pet.study, &series("blending", 61), &blended(pet)).unwrap();
    written.encode(NATIVE).unwrap()
}

/// What a peer should say of the graphics.
fn told() -> Vec<Value> {
    let graphics = graphics();
    let told = graphics.iter().map(|graphic| {
        let numbers: Vec<f32> = graphic.shape.points().concat();
        let units = if graphic.units == Units::Pixel {
            "PIXEL"
        } else {
            "DISPLAY"
        };
        json!([units, numbers])
    });
    told.collect()
}

#[test]
fn a_grey_state_is_read_by_peers() {
    let folder = peers::folder("presentation-state");
    let pet = pet(|_| 2.5);
    let file = folder.join("pr.dcm");
    std::fs::write(&file, written(&pet)).unwrap();
    let (found, warnings) = read_presentation_state(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(found, state(&pet));
    peers::assert_conformant(&file);
    let Some(peer) = peers::read("presentation-state", &file) else {
        return;
    };
    assert_eq!(peer["graphics"], json!(told()));
    assert_eq!(peer["texts"], json!(["Long axis 12.5 mm\r\n长轴"]));
    assert_eq!(peer["windows"], json!([[5000.0, 10_000.0]]));
    assert_eq!(peer["images"], json!(6));
    assert_eq!(peer["turned"], json!([90, "Y"]));
    // littleCMS gives 8 bits of the same colour.
    let (own, other) = (
        peer["colour"].as_array().unwrap(),
        peer["same_colour"].as_array().unwrap(),
    );
    assert_eq!((own.len(), other.len()), (3, 3));
    for (own, other) in own.iter().zip(other) {
        let apart = own.as_f64().unwrap() / 257.0 - other.as_f64().unwrap();
        assert!(apart.abs() <= 0.75, "{own} and {other}");
    }
}

#[test]
fn a_blending_state_is_read_by_peers() {
    let folder = peers::folder("blending-state");
    let pet = pet(|_| 2.5);
    let file = folder.join("blending.dcm");
    std::fs::write(&file, written_blended(&pet)).unwrap();
    let (found, warnings) = read_blending_state(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(found, blended(&pet));
    peers::assert_conformant(&file);
    let Some(peer) = peers::read("blending-state", &file) else {
        return;
    };
    assert_eq!(peer["opacity"], 0.375);
    assert_eq!(peer["positions"], json!(["UNDERLYING", "SUPERIMPOSED"]));
    assert_eq!(peer["palette"], json!([[0, 0, 65535], [65535, 65025, 65280]]));
    assert_eq!(peer["graphics"], json!(told()));
    // Pillow's littleCMS takes the profile for what it is: sRGB stays sRGB.
    assert_eq!(peer["profile"], json!([[200, 30, 90], [12, 255, 128]]));
}

/// Little and much: what other shapes of a state are judged.
#[test]
fn other_states_are_conformant() {
    let folder = peers::folder("presentation-states");
    let pet = pet(|_| 2.5);
    let check = |name: &str, state: &PresentationState| {
        let file = folder.join(name);
        let written = presentation_state(&pet.study, &series("state", 60), state).unwrap();
        std::fs::write(&file, written.encode(NATIVE).unwrap()).unwrap();
        peers::assert_conformant(&file);
        let (found, warnings) = read_presentation_state(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!((&found, warnings), (state, Vec::new()), "{name}");
    };
    let little = PresentationState {
        content: content("little"),
        images: pet.images.image_references(),
        presentation_lut: PresentationLut::Inverse,
        layout: Layout {
            areas: vec![area(Vec::new())],
            ..Layout::default()
        },
        ..PresentationState::default()
    };
    check("little.dcm", &little);
    let full = || (0..=u16::MAX).rev().collect::<Vec<_>>();
    let tables = PresentationState {
        modality: Some(Modality::Table {
            table: Table::new(-32_768, 16, full()).unwrap(),
            kind: "OD".to_owned(),
            explanation: "Film".to_owned(),
        }),
        presentation_lut: PresentationLut::Table {
            table: Table::new(0, 12, (0..4096).collect()).unwrap(),
            explanation: String::new(),
        },
        shutter: Some(Shutter {
            shapes: vec![ShutterShape::Polygonal(vec![[1, 1], [22, 1], [11, 19]])],
            grey: Some(40_000),
            colour: None,
        }),
        ..little
    };
    check("tables.dcm", &tables);
    let colour = ColourState {
        content: content("colour"),
        images: pet.images.image_references(),
        shutter: Some(Shutter {
            colour: Some(CieLab::of_srgb([40, 40, 40])),
            ..state(&pet).shutter.unwrap()
        }),
        overlays: Vec::new(),
        layout: state(&pet).layout,
    };
    let file = folder.join("colour.dcm");
    let written = colour_state(&pet.study, &series("colour", 62), &colour).unwrap();
    std::fs::write(&file, written.encode(NATIVE).unwrap()).unwrap();
    peers::assert_conformant(&file);
    let (found, warnings) = read_colour_state(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((found, warnings), (colour, Vec::new()));
}

/// A state that highdicom makes of a CT.
#[test]
fn states_of_highdicom_are_read_whole() {
    let file = peers::folder("highdicom-states").join("pr.dcm");
    if peers::read("write-presentation-state", &file).is_none() {
        return;
    }
    let (state, warnings) = read_presentation_state(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(state.modality, rescale(1.0, -1024.0, "HU"));
    assert_eq!(state.presentation_lut, PresentationLut::Inverse);
    assert_eq!(
        state.windows,
        [SoftcopyWindow {
            images: Vec::new(),
            view: StatedWindow {
                explanation: None,
                curve: Curve::Window(Window::linear(40.0, 400.0)),
            },
        }]
    );
    assert_eq!(state.layout.area("1.2.3.2", 1).unwrap().bottom_right, [48, 64]);
    assert_eq!(
        state.layout.layers[0].colour,
        Some(CieLab([32_768, 38_036, 25_186]))
    );
    assert_eq!(state.layout.annotations("1.2.3.2", 1), Vec::<&Annotation>::new());
    let [annotation] = state.layout.annotations("1.2.3.1", 1)[..] else {
        panic!("{:?}", state.layout.annotations);
    };
    let tracking = Some(Tracking {
        id: "L1".to_owned(),
        uid: "1.2.9.1".to_owned(),
    });
    let ellipse = Shape::Ellipse {
        major: [[10.0, 10.0], [30.0, 10.0]],
        minor: [[20.0, 5.0], [20.0, 15.0]],
    };
    let expected = [
        Graphic {
            units: Units::Pixel,
            shape: ellipse,
            is_filled: true,
            tracking: tracking.clone(),
        },
        Graphic {
            units: Units::Display,
            shape: Shape::Polyline(vec![[0.125, 0.25], [0.5, 0.75]]),
            is_filled: false,
            tracking: None,
        },
    ];
    assert_eq!(annotation.graphics, expected);
    assert_eq!(
        (annotation.texts[0].text.as_str(), &annotation.texts[0].tracking),
        ("12 mm", &tracking)
    );
    assert_eq!(annotation.texts[0].bounds.unwrap().bottom_right, [20.0, 10.0]);
}

/// A state of Softneta's viewer: an ellipse with its text, on a radiograph.
#[test]
fn a_state_of_another_producer_is_read_whole() {
    let Some(folder) = shared_data::set("objects/pr-pdf-stl") else {
        return;
    };
    let (state, warnings) =
        read_presentation_state(&std::fs::read(folder.join("PR000000.dcm")).unwrap()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(
        (state.content.label.as_str(), state.content.description.as_str()),
        ("PRESENTATION", "hip")
    );
    assert_eq!(state.content.created.unwrap().date_time(), "20190107223526");
    assert_eq!(state.images.len(), 1);
    let uid = &state.images[0].reference.sop_instance_uid;
    assert_eq!(
        state.images[0].reference.sop_class_uid,
        "1.2.840.10008.5.1.4.1.1.1"
    );
    let window = &state.window(uid, 1).unwrap().view.curve;
    assert_eq!(*window, Curve::Window(Window::linear(2048.0, 4096.0)));
    let area = state.layout.area(uid, 1).unwrap();
    assert_eq!((area.top_left, area.bottom_right), ([0, 0], [2688, 2688]));
    assert_eq!(area.pixel, Some(PixelShape::AspectRatio([1, 1])));
    let annotations = state.layout.annotations(uid, 1);
    let [annotation] = annotations[..] else {
        panic!("{annotations:?}");
    };
    let Shape::Ellipse { major, minor } = &annotation.graphics[0].shape else {
        panic!("{annotation:?}");
    };
    // The text gives 12.68 by 12.01 cm: axes in the proportion of the points.
    let length = |[a, b]: &[[f32; 2]; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    assert!((length(major) / length(minor) - 12.68 / 12.01).abs() < 1e-3);
    assert!(
        annotation.texts[0]
            .text
            .starts_with("Mean: 2651.41  SD: 344.29\r\n")
    );
    assert!(annotation.texts[0].text.contains("cm²"));
    assert_eq!(
        annotation.texts[0].bounds.unwrap().justification,
        Some(Justification::Left)
    );
    assert_eq!(state.layout.layers[0].description, "Measurement oval");
}

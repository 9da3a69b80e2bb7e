//! A presentation state of another maker, followed in a reading session.

use codec::dataset::{Limits, read};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use engine::dicom::read::{self, Instance, collect, presentation_state};
use engine::presentation::Size;
use engine::render::{Cancel, CpuRenderer};
use engine::session::state::MarkKind;
use engine::session::{Collection, Session, Sharpness};

const SIDE: u16 = 2688;
const SIZE: Size = Size {
    width: 96,
    height: 96,
};

struct Held(Vec<u8>);

impl read::Source for Held {
    fn read(&self, key: usize, range: std::ops::Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        read::InMemory(&[&self.0]).read(key, range, buffer)
    }
}

/// The value of a column: it rises by 7 every 8 columns, and begins anew.
fn value(column: u16) -> u16 {
    column / 8 * 7 % 4096
}

/// A state of Softneta's viewer for a real radiograph, whose pixels were taken away: others stand for them.
#[test]
fn the_state_of_another_maker_is_followed() {
    let Some(folder) = shared_data::set("objects/pr-pdf-stl") else {
        return;
    };
    let mut object = dicom_object::open_file(folder.join("CR000000.dcm"))
        .unwrap()
        .into_inner();
    let row: Vec<u8> = (0..SIDE).flat_map(|column| value(column).to_le_bytes()).collect();
    let pixels = PrimitiveValue::U8(row.repeat(SIDE.into()).into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
    let meta = dicom_object::FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("1.2");
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    let instance = Instance::new(0, read(&bytes, Limits::default()).unwrap());
    let studies = collect(vec![instance]);
    let mut session = Session::new(Box::new(Collection::new(studies, Held(bytes))));
    let (state, _) = presentation_state(&std::fs::read(folder.join("PR000000.dcm")).unwrap()).unwrap();
    let (commands, told) = session.commands_of(1, SIZE, &state).unwrap();
    assert!(told.is_empty(), "{told:?}");
    for command in commands {
        session.apply(command).unwrap();
    }
    // The state's window of 2048 and 4096 from black to white, though the image is MONOCHROME1.
    let mut renderer = CpuRenderer::new();
    let picture = session
        .image(1, SIZE, Sharpness::Still, &mut renderer, &Cancel::new())
        .unwrap();
    let row = &picture.image.rgba[48 * 96 * 4..49 * 96 * 4];
    for (x, pixel) in row.chunks_exact(4).enumerate() {
        let columns = (28 * x as u16)..(28 * x as u16 + 28);
        let mean = columns.map(|column| f64::from(value(column))).sum::<f64>() / 28.0;
        let expected = mean / 4095.0 * 255.0;
        assert!(
            (f64::from(pixel[0]) - expected).abs() <= 1.5,
            "{x}: {} is not {expected}",
            pixel[0]
        );
    }
    // The text stands elsewhere than the ellipse begins: a mark of its own.
    let marks = &session.state().marks;
    assert_eq!(marks.len(), 2);
    let of = |kind| marks.iter().find(|(_, mark)| mark.kind == kind).unwrap();
    let (n, _) = of(MarkKind::Ellipse);
    let (_, text) = of(MarkKind::Text);
    assert!(text.text.starts_with("Mean: 2651.41"), "{}", text.text);
    // 792.5 columns in the state, of 0.16 mm at the detector.
    let readout = session.mark_readout(*n).unwrap();
    let axes = ["long_axis", "short_axis"].map(|name| readout.get(name, None).unwrap());
    assert!((axes[0] - 792.491 * 0.16).abs() < 0.01, "{axes:?}");
    assert!(
        readout
            .warnings
            .iter()
            .any(|warning| warning.contains("detector"))
    );
}

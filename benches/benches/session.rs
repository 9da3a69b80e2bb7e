//! A reading session over a CT of 512 x 512 x 400 and a PET of 200 x 200 x 300: processor time of a command alone, from a
//! command to its picture, and of all ten views of a PET-CT screen of 1920 x 1080; of a radiograph of 3000 x 3000.

use std::hint::black_box;
use std::time::Duration;

use benches::{ct, pet};
use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use engine::dicom::read;
use engine::presentation::{Size, hanging};
use engine::render::{Cancel, CpuRenderer};
use engine::session::state::Kind;
use engine::session::{Collection, Command, InMemory, SeriesFacts, Session, Sharpness, Spot};
use engine::volume::Volume;

mod cpu_time;

const SPACE: &str = "1.2.826.0.1.3680043.8.498.1";
const SCREEN: Size = Size {
    width: 1920,
    height: 1080,
};

fn facts(key: &str, modality: &str, volume: &Volume) -> SeriesFacts {
    SeriesFacts {
        key: key.to_owned(),
        study: "study".to_owned(),
        study_time: String::new(),
        number: None,
        grid: volume.grid().clone(),
        planar: None,
        unit: volume.unit().clone(),
        phases: 1,
        remarks: Vec::new(),
        window: None,
        images: Vec::new(),
        hanging: hanging::SeriesFacts {
            modality: modality.to_owned(),
            is_emission: modality == "PT",
            images: volume.grid().size()[2] as u32,
            orientation: hanging::SeriesOrientation::Axial,
            has_volume: true,
            frame_of_reference_uid: Some(SPACE.to_owned()),
            ..hanging::SeriesFacts::default()
        },
        texts: std::collections::BTreeMap::new(),
    }
}

/// A PET-CT hung as it is read, its voxels made once.
fn session(volumes: &[Volume; 2]) -> Session {
    let mut source = InMemory::new();
    for (volume, (key, modality)) in volumes.iter().zip([("ct", "CT"), ("pet", "PT")]) {
        let volume = volume.clone().in_frame_of_reference(Some(SPACE.to_owned()));
        source.add(facts(key, modality, &volume), [volume]);
    }
    let mut session = Session::new(Box::new(source));
    let hang = Command::Hang {
        studies: vec!["study".to_owned()],
        protocol: None,
        screens: Vec::new(),
    };
    session.apply(hang).expect("a PET-CT hangs");
    session
}

fn picture(
    session: &mut Session,
    viewport: u32,
    size: Size,
    sharpness: Sharpness,
    renderer: &mut CpuRenderer,
) {
    let picture = session.image(viewport, size, sharpness, renderer, &Cancel::new());
    black_box(picture.expect("a view that can be drawn"));
}

/// All views of the screen.
fn screen(session: &mut Session, sharpness: Sharpness, renderer: &mut CpuRenderer) {
    let layout = session.state().desk.layout.clone();
    let rectangles = layout.rectangles(SCREEN, 2).expect("room for ten views");
    for (n, at) in rectangles.iter().enumerate() {
        let size = Size {
            width: at.width,
            height: at.height,
        };
        picture(session, n as u32 + 1, size, sharpness, renderer);
    }
}

fn spot(n: u32) -> Spot {
    let wave = f64::from(n % 64);
    Spot {
        x: 180.0 + wave,
        y: 160.0 + wave / 2.0,
        width: 480.0,
        height: 360.0,
    }
}

/// As a host does from time to time; a full log takes no more.
fn empty_log(session: &mut Session, n: u32) {
    if n.is_multiple_of(4096) {
        drop(session.take_log());
    }
}

fn sessions(criterion: &mut Criterion<CpuTime>) {
    let volumes = [ct(), pet()];
    let mut renderer = CpuRenderer::new();
    let mut n = 0;
    let mut read = session(&volumes);
    criterion.bench_function("command_scroll", |bench| {
        bench.iter(|| {
            n += 1;
            empty_log(&mut read, n);
            let steps = if n % 100 < 50 { 1 } else { -1 };
            black_box(
                read.apply(Command::Scroll { viewport: 1, steps })
                    .expect("a plane"),
            );
        });
    });
    criterion.bench_function("command_drag_window", |bench| {
        bench.iter(|| {
            n += 1;
            empty_log(&mut read, n);
            let by = [if n % 2 == 0 { 3.0 } else { -3.0 }, 0.0];
            let drag = Command::DragWindow {
                viewport: 1,
                layer: 0,
                by,
            };
            black_box(read.apply(drag).expect("a layer"));
        });
    });
    criterion.bench_function("command_crosshair_ten_views", |bench| {
        bench.iter(|| {
            n += 1;
            empty_log(&mut read, n);
            let at = spot(n);
            black_box(
                read.apply(Command::Crosshair { viewport: 1, at })
                    .expect("a place"),
            );
        });
    });
    let size = Size {
        width: 512,
        height: 512,
    };
    criterion.bench_function("scroll_to_picture_mpr_512", |bench| {
        bench.iter(|| {
            n += 1;
            empty_log(&mut read, n);
            let steps = if n % 100 < 50 { 1 } else { -1 };
            read.apply(Command::Scroll { viewport: 1, steps })
                .expect("a plane");
            picture(&mut read, 1, size, Sharpness::Still, &mut renderer);
        });
    });
    criterion.bench_function("window_to_picture_mpr_512", |bench| {
        bench.iter(|| {
            n += 1;
            let by = [if n % 2 == 0 { 3.0 } else { -3.0 }, 0.0];
            let drag = Command::DragWindow {
                viewport: 1,
                layer: 0,
                by,
            };
            read.apply(drag).expect("a layer");
            picture(&mut read, 1, size, Sharpness::Still, &mut renderer);
        });
    });
    screen(&mut read, Sharpness::Still, &mut renderer);
    criterion.bench_function("crosshair_to_screen_pet_ct", |bench| {
        bench.iter(|| {
            n += 1;
            let at = spot(n);
            read.apply(Command::Crosshair { viewport: 1, at })
                .expect("a place");
            screen(&mut read, Sharpness::Moving, &mut renderer);
        });
    });
}

/// A radiograph of 3000 x 3000 pixels as an object.
fn radiograph() -> Vec<u8> {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::{tags, uids};
    let side = 3000_u16;
    let values = (0..u32::from(side) * u32::from(side)).map(|n| (n * 7 % 4096) as u16);
    let bytes: Vec<u8> = values.flat_map(u16::to_le_bytes).collect();
    let mut object = dicom_object::InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::ROWS, side),
        (tags::COLUMNS, side),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let class = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    for (tag, vr, value) in [
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::MODALITY, VR::CS, "DX"),
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.3"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2"),
    ] {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
    }
    let pixels = PrimitiveValue::U8(bytes.into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
    let meta = dicom_object::FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid("1.2.3");
    let mut bytes = Vec::new();
    let file = object.with_meta(meta).expect("a whole header");
    file.write_all(&mut bytes).expect("room in memory");
    bytes
}

struct Held(Vec<u8>);

impl read::Source for Held {
    fn read(&self, key: usize, range: std::ops::Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        read::InMemory(&[&self.0]).read(key, range, buffer)
    }
}

fn radiographs(criterion: &mut Criterion<CpuTime>) {
    let bytes = radiograph();
    let object = codec::dataset::read(&bytes, codec::dataset::Limits::default()).expect("an object");
    let studies = read::collect(vec![read::Instance::new(0, object)]);
    let mut session = Session::new(Box::new(Collection::new(studies, Held(bytes))));
    let show = Command::Show {
        viewport: 1,
        kind: Kind::Stack,
        series: vec![session.series()[0].key.clone()],
        axis: None,
    };
    session.apply(show).expect("a stack");
    let mut renderer = CpuRenderer::new();
    let size = Size {
        width: 1080,
        height: 1080,
    };
    let mut n = 0;
    criterion.bench_function("window_to_picture_radiograph_1080", |bench| {
        bench.iter(|| {
            n += 1;
            let by = [if n % 2 == 0 { 3.0 } else { -3.0 }, 0.0];
            let drag = Command::DragWindow {
                viewport: 1,
                layer: 0,
                by,
            };
            session.apply(drag).expect("a layer");
            picture(&mut session, 1, size, Sharpness::Still, &mut renderer);
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    targets = sessions, radiographs
}
criterion_main!(benches);

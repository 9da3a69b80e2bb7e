//! Films, documents and movies shown to the programs that will open them: Poppler, FFmpeg, `dciodvfy`.
//!
//! They are processes beside the tests. Without one of them a test says so and passes, but fails where
//! `UPTAKE_REQUIRE_PEERS=1`, as `scripts/test.sh` sets it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use engine::film::moving::{Avi, FrameRate, Shape, record};
use engine::film::{
    Coding, Created, Depth, DisplayFormat, Document, FilmSize, ImageBoxPixels, Item, PictureId, Sheet, Text,
    pages, pdf, rgb,
};
use engine::geometry::{Affine, Grid, Point, Vector};
use engine::presentation::{Camera, Direction, Fonts, Size};
use engine::render::{
    CpuRenderer, Error, Image, Layer, Projection, ProjectionKind, Renderer, Scene, View, VolumeId, Volumes,
};
use engine::volume::{Rescale, Unit, Volume, Voxels};

const ID: VolumeId = VolumeId(1);

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("film");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The bytes that a peer writes; `None` where it is not installed.
fn output(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && said.is_empty(), "{program}: {said}");
            Some(output.stdout)
        }
        Err(error) => {
            assert!(
                std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() != Ok("1"),
                "{program} is absent: {error}"
            );
            // Written past the test harness, which keeps what passing tests print to itself.
            let _ = writeln!(std::io::stderr(), "skipped: {program} is absent");
            None
        }
    }
}

/// Two hot spots in a warm body, 40 x 40 x 50 voxels of 6 mm.
fn body() -> Volume {
    let size = [40, 40, 50];
    let mut values = Vec::new();
    for n in 0..size.iter().product::<usize>() {
        let [x, y, z] = [n % 40, n / 40 % 40, n / 1600].map(|at| at as f64);
        let [u, v] = [(x - 19.5) / 15.0, (y - 19.5) / 10.0];
        let distance =
            |at: [f64; 3]| ((x - at[0]).powi(2) + (y - at[1]).powi(2) + (z - at[2]).powi(2)).sqrt();
        let spot = |at, size: f64| 200.0 * (-(distance(at) / size).powi(2)).exp();
        let warm = if u * u + v * v < 1.0 { 25.0 } else { 0.0 };
        values.push((warm + spot([28.0, 14.0, 35.0], 3.0) + spot([15.0, 22.0, 15.0], 4.0)) as f32);
    }
    let axes = [
        Vector::new(6.0, 0.0, 0.0),
        Vector::new(0.0, 6.0, 0.0),
        Vector::new(0.0, 0.0, 6.0),
    ];
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(-117.0, -117.0, 0.0))).unwrap();
    Volume::new(
        grid,
        Voxels::F32(values.into()),
        Rescale::IDENTITY,
        Unit::Unspecified,
    )
    .unwrap()
}

/// `count` maximum intensity projections around the body, one after the other as they are asked for.
fn turning(count: u32, size: Size) -> impl Iterator<Item = Result<Image, Error>> {
    let volume = body();
    let first = Camera::fitted(Direction::from_degrees(0.0, 0.0), &[volume.grid()], size).unwrap();
    let layer = Layer::single(ID, &volume);
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume);
    let mut renderer = CpuRenderer::new();
    let center = Point::new(0.0, 0.0, 147.0);
    first.rotation(center, count).map(move |camera| {
        let projection = Projection {
            camera,
            kind: ProjectionKind::MAXIMUM,
            depth_mm: None,
        };
        let scene = Scene::new(View::Projection(projection), vec![layer.clone()]);
        renderer.render(&scene, &volumes, size)
    })
}

const VIEW: Size = Size {
    width: 160,
    height: 200,
};

/// Seven views and a coloured picture on two pages.
fn sheet_and_pages() -> (Sheet, Vec<Image>) {
    let mut pictures: Vec<Image> = turning(7, VIEW).map(Result::unwrap).collect();
    let mut colour = pictures[2].clone();
    for pixel in colour.rgba.chunks_exact_mut(4) {
        let level = pixel[0];
        pixel[..3].copy_from_slice(&[level.saturating_mul(2), level, level / 3]);
    }
    pictures.insert(1, colour);
    let format: DisplayFormat = "STANDARD\\2,3".parse().unwrap();
    let mut sheet = Sheet::new(FilmSize::In8x10, format);
    sheet.dpi = 144.0;
    sheet.header = Text {
        left: "Rotation".into(),
        right: "{page} / {pages}".into(),
    };
    for n in 0..pictures.len() {
        sheet.items.push(Item {
            caption: format!("view {}", n + 1),
            mm_per_pixel: Some([1.9; 2]),
            scale_bar: true,
            trim: true,
            ..Item::new(PictureId(n as u64))
        });
    }
    let pages = pages(&sheet, |id| pictures.get(id.0 as usize), &Fonts::default()).unwrap();
    (sheet, pages)
}

/// Red, green and blue of each pixel of a page as Cairo draws it, which moves no pixel where the page has them.
fn drawn(file: &str, page: usize) -> Option<(u32, u32, Vec<u8>)> {
    let number = page.to_string();
    let options = ["-r", "144", "-png", "-singlefile", "-f", &number, "-l", &number];
    let bytes = output("pdftocairo", &[&options[..], &[file, "-"]].concat())?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    if info.color_type == png::ColorType::Grayscale {
        pixels = pixels.iter().flat_map(|level| [*level; 3]).collect();
    }
    Some((info.width, info.height, pixels))
}

/// At the resolution of the sheet every pixel of a page is one of the drawing: 203.2 x 254 mm are 576 x 720 points.
#[test]
fn a_document_opens_with_its_pages_in_their_size() {
    let (sheet, pages) = sheet_and_pages();
    for (name, coding, most_off) in [
        ("lossless.pdf", Coding::Lossless, 0.0),
        ("jpeg.pdf", Coding::Jpeg { quality: 95 }, 1.5),
    ] {
        let document = Document {
            title: "Film of 图像".into(),
            created: Some(Created {
                year: 2026,
                month: 1,
                day: 31,
                hour: 12,
                minute: 30,
                second: 5,
                utc_offset_min: 480,
            }),
            coding,
        };
        let bytes = pdf(&pages, sheet.sides_mm(), &document).unwrap();
        let path = folder().join(name);
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        let Some(found) = output("pdfinfo", &["-isodates", path]) else {
            return;
        };
        let found = String::from_utf8(found).unwrap();
        for (key, expected) in [
            ("Title:", "Film of 图像"),
            ("Pages:", "2"),
            ("Page size:", "576 x 720 pts"),
        ] {
            let line = found.lines().find_map(|line| line.strip_prefix(key));
            assert_eq!(line.map(str::trim), Some(expected), "{found}");
        }
        assert!(found.contains("CreationDate:    2026-01-31T"), "{found}");
        for (n, page) in pages.iter().enumerate() {
            let Some((width, height, drawn)) = drawn(path, n + 1) else {
                return;
            };
            assert_eq!(
                [width, height, drawn.len() as u32],
                [page.width, page.height, width * height * 3]
            );
            let off: f64 = drawn
                .iter()
                .zip(rgb(page))
                .map(|(found, expected)| f64::from(found.abs_diff(expected)))
                .sum();
            let off = off / drawn.len() as f64;
            assert!(off <= most_off, "{name}, page {n}: {off}");
        }
    }
}

#[test]
fn a_turning_projection_becomes_a_movie() {
    let shape = Shape {
        width: VIEW.width,
        height: VIEW.height,
        rate: FrameRate {
            images: 25,
            seconds: 2,
        },
        quality: 92,
    };
    let path = folder().join("turning.avi");
    let movie = Avi::new(std::fs::File::create(&path).unwrap(), shape).unwrap();
    assert_eq!(record(turning(18, VIEW), movie).unwrap(), 18);
    let entries = "stream=codec_name,width,height,r_frame_rate,nb_read_frames,duration";
    let options = ["-v", "warning", "-count_frames", "-show_entries", entries];
    let file = path.to_str().unwrap();
    let Some(found) = output(
        "ffprobe",
        &[&options[..], &["-of", "default=nw=1", file]].concat(),
    ) else {
        return;
    };
    let found = String::from_utf8(found).unwrap();
    for expected in [
        "codec_name=mjpeg",
        "width=160",
        "height=200",
        "r_frame_rate=25/2",
        "duration=1.440000",
        "nb_read_frames=18",
    ] {
        assert!(found.lines().any(|line| line == expected), "{expected}: {found}");
    }
}

/// A page as a Secondary Capture in colour, and as what a printer is sent.
#[test]
fn a_page_leaves_as_dicom() {
    use codec::{FrameDescription, Photometric, TransferSyntax};
    use engine::dicom::write::{Pixels, SecondaryCapture, derived_uid, secondary_capture};

    use crate::objects::{peers, study};

    let (_, pages) = sheet_and_pages();
    let page = &pages[0];
    let description = FrameDescription {
        rows: page.height,
        columns: page.width,
        samples_per_pixel: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        signed: false,
        planar: false,
        photometric: Photometric::Rgb,
    };
    let capture = SecondaryCapture {
        sop_instance_uid: derived_uid(&["film", "page 1"]),
        instance_number: 1,
        created: study::CREATED,
        pixels: Pixels::new(description, rgb(page)),
    };
    let mut series = study::series("film", 7);
    series.frame_of_reference_uid = None;
    let instance = secondary_capture(&study::pet(|_| 1.0).study, &series, capture).unwrap();
    let path = peers::folder("film").join("page.dcm");
    std::fs::write(
        &path,
        instance.encode(TransferSyntax::ExplicitLittleEndian).unwrap(),
    )
    .unwrap();
    peers::assert_conformant(&path);

    let sent = ImageBoxPixels::color(page).unwrap();
    let pixels = usize::from(sent.columns) * usize::from(sent.rows);
    assert_eq!(sent.values.len(), pixels * 3);
    assert_eq!(
        sent.values[..3],
        [page.pixel(0, 0)[0], page.pixel(1, 0)[0], page.pixel(2, 0)[0]]
    );
    let grey = ImageBoxPixels::grayscale(page, Depth::Twelve).unwrap();
    assert_eq!(grey.values.len(), pixels * 2);
    assert!(grey.values.chunks(2).all(|pair| pair[1] < 16), "twelve bits");
}

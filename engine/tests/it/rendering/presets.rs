//! Every preset on a small body of its modality, held to the pictures that were looked at once.
//!
//! `presets.png` has a tile of 64 x 64 pixels for each, in the order of their files' names; `UPTAKE_GOLDEN=write`
//! writes it anew, to be looked at again.

use std::path::PathBuf;

use engine::colormap::Window;
use engine::geometry::{Patient, Point};
use engine::presentation::{Camera, Direction, Size};
use engine::render::{CpuRenderer, Layer, Preset, Renderer, Rendering, Scene, View, Volumes, presets};
use engine::volume::{Rescale, Unit, Volume, Voxels};

use super::{ID, grid};

const SIDE: usize = 64;
const COLUMNS: usize = 8;

/// What lies at a place, the last that holds it.
struct Tissue {
    /// Middle and half axes, mm.
    at: [f64; 3],
    half: [f64; 3],
    /// HU of CT, parts of the window of MR, SUV of PET, counts of SPECT.
    values: [f64; 4],
}

const fn tissue(at: [f64; 3], half: [f64; 3], values: [f64; 4]) -> Tissue {
    Tissue { at, half, values }
}

const AIR: [f64; 4] = [-1000.0, 10.0, 0.0, 0.0];
const FAT: [f64; 4] = [-95.0, 800.0, 0.4, 6.0];
const MUSCLE: [f64; 4] = [55.0, 350.0, 0.8, 12.0];
const LUNG: [f64; 4] = [-860.0, 60.0, 0.5, 8.0];
const BONE: [f64; 4] = [750.0, 90.0, 1.0, 220.0];
const HEART: [f64; 4] = [130.0, 520.0, 6.0, 300.0];
const VESSEL: [f64; 4] = [330.0, 980.0, 1.6, 30.0];
const LIVER: [f64; 4] = [115.0, 450.0, 2.5, 60.0];
const KIDNEY: [f64; 4] = [215.0, 620.0, 4.0, 180.0];
const BRAIN: [f64; 4] = [40.0, 560.0, 9.0, 90.0];
const LESION: [f64; 4] = [70.0, 700.0, 14.0, 280.0];
const METAL: [f64; 4] = [2800.0, 0.0, 0.8, 12.0];

const BODY: [Tissue; 22] = [
    tissue([0.0, 0.0, -20.0], [76.0, 54.0, 62.0], FAT),
    tissue([0.0, 0.0, -20.0], [70.0, 48.0, 58.0], MUSCLE),
    tissue([0.0, 0.0, 56.0], [30.0, 32.0, 28.0], BONE),
    tissue([0.0, 0.0, 56.0], [25.0, 27.0, 23.0], BRAIN),
    tissue([0.0, -24.0, 36.0], [10.0, 7.0, 4.0], [2200.0, 40.0, 0.8, 12.0]),
    tissue([-34.0, 0.0, 2.0], [22.0, 30.0, 32.0], LUNG),
    tissue([34.0, 0.0, 2.0], [22.0, 30.0, 32.0], LUNG),
    tissue([-34.0, 0.0, 4.0], [20.0, 4.0, 4.0], VESSEL),
    tissue([34.0, 4.0, 8.0], [20.0, 4.0, 4.0], VESSEL),
    tissue([0.0, 4.0, 22.0], [6.0, 6.0, 24.0], MUSCLE),
    tissue([0.0, 4.0, 22.0], [4.0, 4.0, 24.0], AIR),
    tissue([8.0, -14.0, -6.0], [19.0, 19.0, 19.0], HEART),
    tissue([10.0, 20.0, -24.0], [6.0, 6.0, 44.0], VESSEL),
    tissue([0.0, 38.0, -20.0], [10.0, 9.0, 62.0], BONE),
    tissue([-30.0, -6.0, -40.0], [30.0, 26.0, 16.0], LIVER),
    tissue([-30.0, 20.0, -56.0], [10.0, 10.0, 14.0], KIDNEY),
    tissue([32.0, 20.0, -56.0], [10.0, 10.0, 14.0], KIDNEY),
    tissue([26.0, -18.0, -58.0], [14.0, 12.0, 12.0], MUSCLE),
    tissue([26.0, -18.0, -58.0], [11.0, 9.0, 9.0], AIR),
    tissue([0.0, -44.0, -2.0], [6.0, 4.0, 22.0], BONE),
    tissue([40.0, -10.0, -34.0], [8.0, 8.0, 8.0], LESION),
    tissue([-48.0, 12.0, -66.0], [5.0, 5.0, 5.0], METAL),
];

fn value(place: Point<Patient>, modality: usize) -> f64 {
    let mut value = AIR[modality];
    for Tissue { at, half, values } in &BODY {
        let radius: f64 = (0..3)
            .map(|axis| ((place[axis] - at[axis]) / half[axis]).powi(2))
            .sum();
        // An edge of about a voxel.
        let inside = 1.0 / (1.0 + ((radius.sqrt() - 1.0) * half[0].min(half[1]).min(half[2]) / 1.2).exp());
        value += inside * (values[modality] - value);
    }
    value
}

fn volume(modality: usize) -> Volume {
    let size = [46, 34, 46];
    let grid = grid(size, [[3.6, 0.0, 0.0], [0.0, 3.6, 0.0], [0.0, 0.0, 3.8]]);
    let at = |n: usize| {
        let voxel = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        value(grid.patient(voxel.map(|index| index as f64).into()), modality)
    };
    let values = (0..grid.voxels()).map(at);
    let unit = [Unit::Hounsfield, Unit::Unspecified, Unit::SuvBw, Unit::Counts][modality].clone();
    let voxels = match modality {
        2 => Voxels::F32(values.map(|value| value as f32).collect()),
        _ => Voxels::I16(values.map(|value| value.round() as i16).collect()),
    };
    Volume::new(grid, voxels, Rescale::IDENTITY, unit).unwrap()
}

/// The picture of a preset, red, green and blue of each pixel.
fn tile(preset: &Preset) -> Vec<[u8; 3]> {
    let modality = ["CT", "MR", "PT", "NM"]
        .iter()
        .position(|name| *name == preset.modality)
        .unwrap();
    let volume = volume(modality);
    let mut volumes = Volumes::new();
    volumes.insert(ID, volume.clone());
    let side = SIDE as u32;
    let size = Size {
        width: side,
        height: side,
    };
    let direction = Direction::from_degrees(25.0, 10.0);
    let camera = Camera::fitted(direction, &[volume.grid()], size).unwrap();
    let mut layer = Layer::single(ID, &volume);
    layer.window = Window::between(0.0, [1.0, 1000.0, 10.0, 300.0][modality]);
    layer.material = Some(preset.material(layer.window).unwrap());
    let scene = Scene::new(View::Rendering(Rendering::new(camera)), vec![layer]);
    let image = CpuRenderer::new().render(&scene, &volumes, size).unwrap();
    image
        .rgba
        .chunks(4)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/rendering/presets.png")
}

fn write(tiles: &[Vec<[u8; 3]>]) {
    let rows = tiles.len().div_ceil(COLUMNS);
    let mut sheet = vec![[0u8; 3]; COLUMNS * SIDE * rows * SIDE];
    for (n, tile) in tiles.iter().enumerate() {
        for (at, pixel) in tile.iter().enumerate() {
            sheet[place(n, at)] = *pixel;
        }
    }
    let file = std::io::BufWriter::new(std::fs::File::create(golden()).unwrap());
    let mut encoder = png::Encoder::new(file, (COLUMNS * SIDE) as u32, (rows * SIDE) as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(sheet.as_flattened())
        .unwrap();
}

/// Where pixel `at` of tile `n` is on the sheet.
fn place(n: usize, at: usize) -> usize {
    let (column, row) = (n % COLUMNS * SIDE + at % SIDE, n / COLUMNS * SIDE + at / SIDE);
    row * COLUMNS * SIDE + column
}

#[test]
fn every_preset_shows_what_was_looked_at() {
    let all: Vec<Preset> = presets().collect();
    let tiles: Vec<_> = all.iter().map(tile).collect();
    if std::env::var("UPTAKE_GOLDEN").is_ok_and(|value| value == "write") {
        write(&tiles);
    }
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(golden()).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut sheet = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut sheet).unwrap();
    let (sheet, _) = sheet.as_chunks::<3>();
    for (n, (preset, tile)) in all.iter().zip(&tiles).enumerate() {
        let off = |at: usize| -> u8 {
            let wanted = sheet[place(n, at)];
            (0..3)
                .map(|part| tile[at][part].abs_diff(wanted[part]))
                .max()
                .unwrap()
        };
        let differing = (0..SIDE * SIDE).filter(|at| off(*at) > 2).count();
        assert!(
            differing <= SIDE * SIDE / 1000,
            "{}: {differing} pixels differ",
            preset.name
        );
        let seen = tile.iter().filter(|pixel| **pixel != [0; 3]).count();
        assert!(seen > 20, "{}: {seen} pixels are seen", preset.name);
    }
    for (n, tile) in tiles.iter().enumerate() {
        for (other, before) in tiles[..n].iter().enumerate() {
            assert!(
                tile != before,
                "{} shows what {} does",
                all[n].name,
                all[other].name
            );
        }
    }
}

//! Volumes under a budget of bytes, and beyond the sides that a texture may have.

use engine::render::Error;
use engine::volume::sample;

use super::*;

const SIZE: Size = Size {
    width: 40,
    height: 30,
};

fn axial(volume: &Volume) -> ImagePlane {
    ImagePlane::fitted(Orientation::Axial, volume.grid().center(), &[volume.grid()], SIZE).unwrap()
}

fn draw(gpu: &Arc<Gpu>, volume: &Volume, id: VolumeId) -> Result<Values, Error> {
    let mut volumes = Volumes::new();
    volumes.insert(id, volume.clone());
    let scene = Scene::of_plane(
        axial(volume),
        vec![Layer {
            volume: id,
            ..layer(volume, Interpolation::Linear)
        }],
    );
    GpuRenderer::new(gpu.clone()).values(&scene, 0, &volumes, SIZE)
}

/// A CT and a PET in the proportion of 512x512x1000 and 256x256x300 on a card of 2 GiB, an eighth a side.
#[test]
fn a_whole_body_pair_fits_a_small_card_and_nothing_is_kept_twice() {
    let memory_bytes = Options::default().memory_bytes / 512;
    let Some(gpu) = open(Options {
        memory_bytes,
        ..options()
    }) else {
        return;
    };
    let ct = volume(
        Grid::new([64, 64, 125], upright([1.0, 1.0, 1.0])).unwrap(),
        i16_noise,
    );
    let pet = volume(
        Grid::new([32, 32, 38], upright([2.0, 2.0, 3.0])).unwrap(),
        f32_noise,
    );
    let mut volumes = lend(&ct);
    volumes.insert(UPPER, pet.clone());
    let lower = layer(&ct, Interpolation::Linear);
    let upper = Layer {
        volume: UPPER,
        opacity: 0.5,
        ..layer(&pet, Interpolation::Linear)
    };
    let scene = Scene::of_plane(axial(&ct), vec![lower, upper]);
    let mut renderer = GpuRenderer::new(gpu.clone());
    for _ in 0..3 {
        renderer.render(&scene, &volumes, SIZE).unwrap();
        assert_eq!(gpu.bytes(), (64 * 64 * 125 * 2 + 32 * 32 * 38 * 4) as u64);
    }
    // The same voxels with another meaning are no other volume.
    let rescale = Rescale {
        slope: 0.001,
        intercept: 0.0,
    };
    volumes.insert(UPPER, pet.with_rescale(rescale, Unit::SuvBw).unwrap());
    renderer.render(&scene, &volumes, SIZE).unwrap();
    assert_eq!(gpu.bytes(), (64 * 64 * 125 * 2 + 32 * 32 * 38 * 4) as u64);
}

#[test]
fn what_was_not_used_for_longest_gives_way() {
    let one = 20 * 20 * 20 * 2;
    let Some(gpu) = open(Options {
        memory_bytes: one * 2 + 10,
        ..options()
    }) else {
        return;
    };
    let volume = volume(Grid::new([20, 20, 20], upright([1.0; 3])).unwrap(), i16_noise);
    for id in [1, 2, 1, 3, 1, 2] {
        draw(&gpu, &volume, VolumeId(id)).unwrap();
        assert!(gpu.bytes() <= one * 2);
    }
    assert_eq!(gpu.bytes(), one * 2);
    // Three at once are too many, and the error says by how much.
    let mut volumes = Volumes::new();
    let layers = [1, 2, 3].map(|id| {
        volumes.insert(VolumeId(id), volume.clone());
        Layer {
            volume: VolumeId(id),
            ..layer(&volume, Interpolation::Linear)
        }
    });
    let scene = Scene::of_plane(axial(&volume), layers.to_vec());
    let mut renderer = GpuRenderer::new(gpu.clone());
    assert_eq!(
        renderer.render(&scene, &volumes, SIZE),
        Err(Error::DeviceMemory {
            needed_bytes: one * 3,
            budget_bytes: one * 2 + 10
        })
    );
    draw(&gpu, &volume, VolumeId(3)).unwrap();
}

/// New voxels under an old name are seen.
#[test]
fn new_voxels_are_uploaded() {
    let Some(gpu) = shared() else { return };
    let grid = Grid::new([9, 9, 9], upright([1.0; 3])).unwrap();
    let first = volume(grid.clone(), i16_noise);
    let second = volume(grid, u16_noise);
    let id = VolumeId(77);
    let a = draw(&gpu, &first, id).unwrap();
    let b = draw(&gpu, &second, id).unwrap();
    assert!(a.values.iter().zip(&b.values).any(|(a, b)| a != b));
    assert_eq!(draw(&gpu, &first, id).unwrap().values.len(), a.values.len());
}

/// Sides beyond what a texture may have: bricks, and the same values.
#[test]
fn long_volumes_are_folded() {
    for max_volume_side in [16, 20] {
        let Some(gpu) = open(Options {
            max_volume_side: Some(max_volume_side),
            ..options()
        }) else {
            return;
        };
        for size in [[37, 5, 4], [5, 4, 43], [17, 19, 3]] {
            let volume = volume(Grid::new(size, skewed()).unwrap(), i16_noise);
            let plane = axial(&volume);
            for interpolation in ALL {
                let scene = Scene::of_plane(plane, vec![layer(&volume, interpolation)]);
                let mut renderer = GpuRenderer::new(gpu.clone());
                let found = renderer.values(&scene, 0, &lend(&volume), SIZE).unwrap();
                let expected = CpuRenderer::new()
                    .values(&scene, 0, &lend(&volume), SIZE)
                    .unwrap();
                let mut numbers = 0;
                for (a, b) in found.values.iter().zip(&expected.values) {
                    assert!((a - b).abs() < 6.0 || (a.is_nan() && b.is_nan()), "{a} and {b}");
                    numbers += usize::from(!a.is_nan());
                }
                assert!(numbers > 20);
                let picture = renderer.render(&scene, &lend(&volume), SIZE).unwrap();
                let same = CpuRenderer::new().render(&scene, &lend(&volume), SIZE).unwrap();
                assert_eq!(compare_images(&picture, &same, 2).0, 0);
            }
            let middle = volume.grid().center();
            assert!(sample(&volume, volume.grid().voxel(middle), Interpolation::Linear).is_some());
        }
    }
}

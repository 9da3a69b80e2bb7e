//! Pictures do not depend on the processor's instructions.

use crate::colormap::TransferFunction;
use crate::geometry::{Affine, Grid, Point, Vector};
use crate::presentation::{Camera, Direction, Size};
use crate::render::cpu::CpuRenderer;
use crate::render::cpu::kernel::Lanes;
use crate::render::{
    Classification, Layer, Material, Renderer, Rendering, Scene, Shading, Surface, View, VolumeId, Volumes,
};
use crate::volume::{Rescale, Unit, Volume, Voxels};

const SIZE: Size = Size {
    width: 45,
    height: 39,
};

fn check(scene: &Scene, volumes: &Volumes) {
    let baseline = CpuRenderer {
        lanes: Lanes::Baseline,
        ..CpuRenderer::default()
    }
    .render(scene, volumes, SIZE);
    assert_eq!(CpuRenderer::new().render(scene, volumes, SIZE), baseline);
}

#[test]
fn all_processors_make_the_same_bits() {
    let axes = [
        Vector::new(1.1, 0.1, 0.0),
        Vector::new(0.0, 0.9, 0.2),
        Vector::new(0.1, 0.0, 1.7),
    ];
    let size = [25, 27, 19];
    let grid = Grid::new(size, Affine::from_axes(axes, Point::new(-14.0, -13.0, -17.0))).unwrap();
    let noise = (0..grid.voxels() as u32).map(|n| n.wrapping_mul(0x9E37_79B1) >> 20);
    let numbers: Vec<u32> = noise.collect();
    let kinds = [
        Voxels::I16(numbers.iter().map(|n| *n as i16 - 1024).collect()),
        Voxels::U16(numbers.iter().map(|n| *n as u16).collect()),
        Voxels::U8(numbers.iter().map(|n| (*n >> 4) as u8).collect()),
        Voxels::F32(numbers.iter().map(|n| *n as f32 * 0.7 - 900.0).collect()),
    ];
    let opacity = vec![(-500.0, 0.0), (100.0, 0.05), (900.0, 0.4)];
    let color = vec![(-500.0, [90, 40, 10]), (900.0, [250, 240, 230])];
    let transfer = TransferFunction::new(opacity, color, 1.0).unwrap();
    let by_gradient = transfer
        .clone()
        .with_gradient_opacity(vec![(10.0, 0.0), (500.0, 1.0)]);
    let surface = |threshold, opacity| Surface {
        threshold,
        color: [200, 90, 40],
        opacity,
    };
    let looks = [
        Classification::Tissue { transfer, tint: None },
        Classification::Tissue {
            transfer: by_gradient.unwrap(),
            tint: None,
        },
        Classification::Surfaces(vec![surface(120.0, 0.3), surface(700.0, 0.9)]),
    ];
    for voxels in kinds {
        let volume = Volume::new(grid.clone(), voxels, Rescale::IDENTITY, Unit::Hounsfield).unwrap();
        let mut volumes = Volumes::new();
        let mut layer = Layer::single(VolumeId(1), &volume);
        volumes.insert(VolumeId(1), volume);
        for classification in &looks {
            layer.material = Some(Material {
                classification: classification.clone(),
                shading: Some(Shading::default()),
            });
            let direction = Direction::from_degrees(35.0, -20.0);
            let camera = Camera::centered(direction, Point::new(0.0, 0.0, 0.0), 0.9, SIZE).unwrap();
            let mut scene = Scene::new(View::Rendering(Rendering::new(camera)), vec![layer.clone()]);
            check(&scene, &volumes);
            scene.layers.push(layer.clone());
            scene.layers[1].opacity = 0.4;
            check(&scene, &volumes);
        }
    }
}

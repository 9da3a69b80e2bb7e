//! Lost devices, stops, nonsense: ordinary events.

use engine::render::gpu::{Target, adapters, wgpu};
use engine::render::{Cancel, Error, View};

use super::*;

const SIZE: Size = Size {
    width: 64,
    height: 48,
};

fn scene() -> (Scene, Volumes) {
    let volume = volume(Grid::new([23, 19, 11], skewed()).unwrap(), i16_noise);
    let plane =
        ImagePlane::fitted(Orientation::Axial, volume.grid().center(), &[volume.grid()], SIZE).unwrap();
    let scene = Scene::of_plane(plane, vec![layer(&volume, Interpolation::Linear)]);
    (scene, lend(&volume))
}

#[test]
fn a_lost_device_is_opened_again_and_draws_the_same() {
    let Some(gpu) = open(options()) else { return };
    let (scene, volumes) = scene();
    let mut renderer = GpuRenderer::new(gpu.clone());
    let before = renderer.render(&scene, &volumes, SIZE).unwrap();
    let bytes = gpu.bytes();
    assert_eq!(bytes, 23 * 19 * 11 * 2);
    gpu.wgpu().0.destroy();
    // A host that may not block is told.
    let told = pollster::block_on(renderer.picture(&scene, &volumes, SIZE, &Cancel::new()));
    assert_eq!(told, Err(Error::DeviceLost));
    assert!(gpu.is_lost());
    let after = renderer.render(&scene, &volumes, SIZE).unwrap();
    assert_eq!(before, after);
    assert!(!gpu.is_lost());
    assert_eq!(gpu.bytes(), bytes);
    gpu.wgpu().0.destroy();
    let values = renderer.values(&scene, 0, &volumes, SIZE).unwrap();
    assert!(values.values.iter().any(|value| value.is_finite()));
}

#[test]
fn an_adapter_that_is_not_there_is_named() {
    if shared().is_none() {
        return;
    }
    let missing = Options {
        adapter: Some("no such adapter".to_owned()),
        ..options()
    };
    let error = pollster::block_on(Gpu::request(missing)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a graphics adapter \"no such adapter\", found none"
    );
    let found = pollster::block_on(adapters());
    assert!(
        found
            .iter()
            .all(|adapter| adapter.is_meant(&adapter.index.to_string()))
    );
}

#[test]
fn a_stopped_image_ends() {
    let Some(gpu) = shared() else { return };
    let (scene, volumes) = scene();
    let mut renderer = GpuRenderer::new(gpu);
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(
        renderer.render_until(&scene, &volumes, SIZE, &cancel),
        Err(Error::Cancelled)
    );
    assert!(renderer.render(&scene, &volumes, SIZE).is_ok());
}

#[test]
fn nonsense_gives_the_processors_error() {
    let Some(gpu) = shared() else { return };
    let (good, volumes) = scene();
    let check = |change: &dyn Fn(&mut Scene), size: Size| {
        let mut scene = good.clone();
        change(&mut scene);
        let found = GpuRenderer::new(gpu.clone())
            .render(&scene, &volumes, size)
            .map(|_| ());
        assert!(found.is_err());
        let expected = CpuRenderer::new().render(&scene, &volumes, size).map(|_| ());
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    };
    for (width, height) in [(0, 5), (5, 0), (16_385, 1), (u32::MAX, u32::MAX)] {
        check(&|_| (), Size { width, height });
    }
    check(&|scene| scene.layers[0].volume = VolumeId(9), SIZE);
    for opacity in [-0.1, 1.1, f64::NAN] {
        check(&|scene| scene.layers[0].opacity = opacity, SIZE);
    }
    for (center, width) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, -1.0)] {
        check(
            &|scene| scene.layers[0].window = Window::linear(center, width),
            SIZE,
        );
    }
    check(&|scene| scene.layers[0].scene_from_volume.linear *= 0.0, SIZE);
    for factor in [0.0, f64::NAN, f64::INFINITY, 1e200] {
        let bend = |scene: &mut Scene| {
            if let View::Plane(plane) = &mut scene.view {
                plane.patient_from_plane.linear *= factor;
            }
        };
        check(&bend, SIZE);
    }
    let empty = Scene::new(good.view.clone(), vec![]);
    let found = GpuRenderer::new(gpu).values(&empty, 0, &volumes, SIZE);
    assert_eq!(found, Err(Error::NoLayer { layers: 0, found: 0 }));
}

/// A picture left on the device is the picture read from it.
#[test]
fn a_drawn_picture_is_the_read_one() {
    let Some(gpu) = shared() else { return };
    let (scene, volumes) = scene();
    let mut renderer = GpuRenderer::new(gpu.clone());
    let expected = renderer.render(&scene, &volumes, SIZE).unwrap();
    for format in [
        wgpu::TextureFormat::Rgba8Unorm,
        wgpu::TextureFormat::Rgba8UnormSrgb,
    ] {
        let (device, queue) = gpu.wgpu();
        let texture = target(&device, format);
        let target = Target {
            view: texture.create_view(&wgpu::TextureViewDescriptor::default()),
            format,
        };
        pollster::block_on(renderer.draw(&scene, &volumes, SIZE, &Cancel::new(), &target)).unwrap();
        let found = read(&device, &queue, &texture);
        // A format that turns light into sRGB rounds once more.
        let most = u8::from(format.is_srgb());
        assert_eq!(compare_images(&expected, &found, most).0, 0, "{format:?}");
    }
}

fn target(device: &wgpu::Device, format: wgpu::TextureFormat) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d {
            width: SIZE.width,
            height: SIZE.height,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

/// The pixels of a texture whose rows are a multiple of 256 bytes.
fn read(device: &wgpu::Device, queue: &wgpu::Queue, texture: &wgpu::Texture) -> Image {
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(SIZE.width * SIZE.height * 4),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(SIZE.width * 4),
                rows_per_image: None,
            },
        },
        texture.size(),
    );
    queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |outcome| outcome.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let rgba = buffer.get_mapped_range(..).unwrap().to_vec();
    Image {
        width: SIZE.width,
        height: SIZE.height,
        rgba,
    }
}

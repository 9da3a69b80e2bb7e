//! A finished image onto a texture of the host, without a way over the processor: `shaders/show.wgsl`.

use bytemuck::{Pod, Zeroable};

use super::device::Device;
use super::layers::{bind, entry, uniform_buffer};

/// A texture that a picture is drawn onto, from its upper left corner.
#[derive(Debug, Clone)]
pub struct Target {
    /// The texture, or the part of it, that can be drawn to; no smaller than the picture.
    pub view: wgpu::TextureView,
    /// Its format.
    pub format: wgpu::TextureFormat,
}

/// `Chunk` of `shaders/show.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct ChunkUniform {
    columns: u32,
    first_row: u32,
    is_srgb: u32,
    unused: u32,
}

/// Draws chunks of an image onto a target.
pub(super) struct Show {
    pipeline: wgpu::RenderPipeline,
    target: Target,
}

impl Show {
    pub(super) fn new(device: &Device, target: &Target) -> Self {
        Self {
            pipeline: device.pipelines.shown(&device.device, target.format),
            target: target.clone(),
        }
    }

    /// Draws the rows that `pixels` holds.
    pub(super) fn encode(
        &self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        pixels: &wgpu::Buffer,
        columns: u32,
        rows: std::ops::Range<u32>,
    ) {
        let chunk = uniform_buffer(
            device,
            &[ChunkUniform {
                columns,
                first_row: rows.start,
                is_srgb: u32::from(self.target.format.is_srgb()),
                unused: 0,
            }],
        );
        let bound = bind(
            device,
            &device.pipelines.show,
            &[entry(0, &chunk), entry(1, pixels)],
        );
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("show"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.target.view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Load,
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &bound, &[]);
        pass.set_scissor_rect(0, rows.start, columns, rows.end - rows.start);
        pass.draw(0..3, 0..1);
    }
}

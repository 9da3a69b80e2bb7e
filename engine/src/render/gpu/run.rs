//! Work to the device, piece by piece, and what it made back.

use std::collections::VecDeque;

use bytemuck::{Pod, Zeroable};

use super::device::Device;
use super::layers::{bind, entry};
use super::pieces::{GROUP, Piece, pieces};
use super::pipelines::FRAME_STEP;
use super::show::Show;
use super::signal::Signal;
use crate::presentation::Size;
use crate::render::{Cancel, Error};

/// Most bytes of pixels on the device at a time; larger images are made chunk by chunk.
const CHUNK_BYTES: u64 = 64 << 20;

/// Most pieces of a chunk that are timed.
const TIMED: u32 = 2048;

/// Pieces that the device may have before it: the next is ready when one is done.
const AHEAD: usize = 2;

/// Layers that are read and mixed together.
pub(super) struct Pass {
    pub pipeline: wgpu::ComputePipeline,
    /// What the camera sees them by.
    pub view: wgpu::Buffer,
    /// Tables of the camera.
    pub more: wgpu::Buffer,
    pub volumes: wgpu::BindGroup,
    pub colors: wgpu::BindGroup,
    /// What is cut away, of pictures along rays.
    pub cuts: Option<wgpu::BindGroup>,
    pub layers: u32,
}

/// An image to make: passes from the lowest layers up.
pub(super) struct Work {
    pub passes: Vec<Pass>,
    pub size: Size,
    pub background: [u8; 3],
    /// How much work a pixel is, about.
    pub samples_per_pixel: f64,
    /// Whether values come out as real ones, not stored.
    pub is_real: bool,
}

/// Where the pixels go.
pub(super) enum Onto<'a> {
    /// To the host: one word a pixel.
    Host(&'a mut Vec<u32>),
    /// To a texture of the host.
    Texture(&'a Show),
}

/// `Frame` of `shaders/shared/frame.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct FrameUniform {
    first: [u32; 2],
    size: [u32; 2],
    image: [u32; 2],
    chunk_row: u32,
    layers: u32,
    background: u32,
    is_continued: u32,
    unused: [u32; 2],
}

/// Does the work; gives the milliseconds that the device took, where it can tell.
///
/// # Errors
///
/// [`Error::Cancelled`]; [`Error::DeviceLost`], [`Error::DeviceFull`], [`Error::Device`] as the device says.
pub(super) async fn run(
    device: &Device,
    work: &Work,
    cancel: &Cancel,
    mut onto: Onto<'_>,
) -> Result<Option<f64>, Error> {
    let Size { width, height } = work.size;
    let row_bytes = u64::from(width) * 4;
    let most = CHUNK_BYTES
        .min(device.limits.max_storage_buffer_binding_size)
        .min(device.limits.max_buffer_size - 8 * 2 * u64::from(TIMED));
    let rows = ((most / row_bytes).max(1) as u32).min(height);
    let mut chunk = Chunk::new(device, u64::from(rows) * row_bytes);
    let mut gpu_ms = Some(0.0);
    for first in (0..height).step_by(rows as usize) {
        let rows = first..(first + rows).min(height);
        let ms = chunk.make(device, work, rows, cancel, &mut onto).await?;
        gpu_ms = gpu_ms.zip(ms).map(|(sum, ms)| sum + ms);
    }
    let pixels = f64::from(width) * f64::from(height);
    if let Some(ms) = gpu_ms {
        device.pace.learn(pixels * work.samples_per_pixel, ms);
    }
    Ok(gpu_ms)
}

/// Room for the rows that are made at a time.
struct Chunk {
    pixels: wgpu::Buffer,
    /// Where the host reads pixels, and times behind them.
    read: wgpu::Buffer,
    timer: Option<Timer>,
}

struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
}

const TIMES_BYTES: u64 = TIMED as u64 * 2 * 8;

impl Chunk {
    fn new(device: &Device, bytes: u64) -> Self {
        let buffer = |size, usage| {
            device.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("pixels"),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let has_timer = device.features.contains(wgpu::Features::TIMESTAMP_QUERY);
        let timer = has_timer.then(|| Timer {
            queries: device.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("pieces"),
                ty: wgpu::QueryType::Timestamp,
                count: TIMED * 2,
            }),
            resolved: buffer(
                TIMES_BYTES,
                wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            ),
        });
        Self {
            pixels: buffer(bytes, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC),
            read: buffer(
                bytes.next_multiple_of(8) + TIMES_BYTES,
                wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            ),
            timer,
        }
    }

    /// Makes a range of rows and hands them over.
    async fn make(
        &mut self,
        device: &Device,
        work: &Work,
        rows: std::ops::Range<u32>,
        cancel: &Cancel,
        onto: &mut Onto<'_>,
    ) -> Result<Option<f64>, Error> {
        let pieces = pieces(
            rows.clone(),
            work.size,
            work.samples_per_pixel,
            device.pace.per_piece(),
        );
        let frames = frames(device, work, &pieces, rows.start);
        let bound: Vec<_> = work
            .passes
            .iter()
            .map(|pass| self.bind(device, &frames, pass))
            .collect();
        let mut ahead = VecDeque::new();
        for (n, piece) in pieces.iter().enumerate() {
            if ahead.len() >= AHEAD
                && let Some(index) = ahead.pop_front()
            {
                device.finished(index).await?;
            }
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            ahead.push_back(self.submit(device, work, &bound, n, piece));
        }
        self.hand_over(device, work, rows, pieces.len(), onto).await
    }

    fn bind(&self, device: &Device, frames: &wgpu::Buffer, pass: &Pass) -> wgpu::BindGroup {
        let frame = wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: frames,
                offset: 0,
                size: std::num::NonZero::new(size_of::<FrameUniform>() as u64),
            }),
        };
        let entries = [
            frame,
            entry(1, &self.pixels),
            entry(2, &pass.view),
            entry(3, &pass.more),
        ];
        bind(device, &device.pipelines.frame, &entries)
    }

    fn submit(
        &self,
        device: &Device,
        work: &Work,
        bound: &[wgpu::BindGroup],
        n: usize,
        piece: &Piece,
    ) -> wgpu::SubmissionIndex {
        let mut encoder = device
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let timed = self.timer.as_ref().filter(|_| n < TIMED as usize);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: timed.map(|timer| wgpu::ComputePassTimestampWrites {
                query_set: &timer.queries,
                beginning_of_pass_write_index: Some(n as u32 * 2),
                end_of_pass_write_index: Some(n as u32 * 2 + 1),
            }),
        });
        for (k, (of, frame)) in work.passes.iter().zip(bound).enumerate() {
            let offset = (n * work.passes.len() + k) as u64 * FRAME_STEP;
            pass.set_pipeline(&of.pipeline);
            pass.set_bind_group(0, frame, &[offset as u32]);
            pass.set_bind_group(1, &of.volumes, &[]);
            pass.set_bind_group(2, &of.colors, &[]);
            if let Some(cuts) = &of.cuts {
                pass.set_bind_group(3, cuts, &[]);
            }
            pass.dispatch_workgroups(piece.size[0].div_ceil(GROUP), piece.size[1].div_ceil(GROUP), 1);
        }
        drop(pass);
        device.queue.submit([encoder.finish()])
    }

    /// Gives the pixels of the rows to the host or its texture, and the time they took.
    async fn hand_over(
        &self,
        device: &Device,
        work: &Work,
        rows: std::ops::Range<u32>,
        pieces: usize,
        onto: &mut Onto<'_>,
    ) -> Result<Option<f64>, Error> {
        let bytes = u64::from(rows.end - rows.start) * u64::from(work.size.width) * 4;
        let times_at = bytes.next_multiple_of(8);
        let timed = pieces.min(TIMED as usize) as u32;
        let mut encoder = device
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        match onto {
            Onto::Host(_) => encoder.copy_buffer_to_buffer(&self.pixels, 0, &self.read, 0, bytes),
            Onto::Texture(show) => show.encode(device, &mut encoder, &self.pixels, work.size.width, rows),
        }
        if let Some(Timer { queries, resolved }) = &self.timer {
            encoder.resolve_query_set(queries, 0..timed * 2, resolved, 0);
            encoder.copy_buffer_to_buffer(resolved, 0, &self.read, times_at, u64::from(timed) * 16);
        }
        let index = device.queue.submit([encoder.finish()]);
        if self.timer.is_none() && matches!(onto, Onto::Texture(_)) {
            return device.check().map(|()| None);
        }
        let mapped = Signal::default();
        let giver = mapped.clone();
        let end = times_at + u64::from(timed) * 16;
        self.read.map_async(wgpu::MapMode::Read, 0..end, move |outcome| {
            giver.give(outcome.is_ok())
        });
        device.finished(index).await?;
        if !mapped.await {
            device.check()?;
            return Err(Error::Device("the image could not be read".to_owned()));
        }
        let read = self.read.get_mapped_range(0..end);
        let read = read.map_err(|error| Error::Device(error.to_string()))?;
        if let Onto::Host(pixels) = onto {
            pixels.extend_from_slice(bytemuck::cast_slice(&read[..bytes as usize]));
        }
        let gpu_ms = self.timer.is_some().then(|| {
            let times: &[[u64; 2]] = bytemuck::cast_slice(&read[times_at as usize..]);
            let ticks: u64 = times.iter().map(|[begin, end]| end.saturating_sub(*begin)).sum();
            ticks as f64 * f64::from(device.queue.get_timestamp_period()) / 1e6
        });
        drop(read);
        self.read.unmap();
        Ok(gpu_ms)
    }
}

/// The frames of all pieces and passes, one after the other.
fn frames(device: &Device, work: &Work, pieces: &[Piece], chunk_row: u32) -> wgpu::Buffer {
    let step = FRAME_STEP as usize;
    let mut bytes = vec![0; pieces.len() * work.passes.len().max(1) * step];
    let [red, green, blue] = work.background;
    let mut slots = bytes.chunks_exact_mut(step);
    for piece in pieces {
        for (k, pass) in work.passes.iter().enumerate() {
            let frame = FrameUniform {
                first: piece.first,
                size: piece.size,
                image: [work.size.width, work.size.height],
                chunk_row,
                layers: pass.layers,
                background: u32::from_le_bytes([red, green, blue, u8::MAX]),
                is_continued: u32::from(k > 0),
                unused: [0; 2],
            };
            let slot = slots.next().expect("there is a slot for every piece and pass");
            slot[..size_of::<FrameUniform>()].copy_from_slice(bytemuck::bytes_of(&frame));
        }
    }
    super::layers::uniform_buffer(device, &bytes)
}

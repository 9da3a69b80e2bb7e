// The part of an image that one dispatch makes, and where its pixels go.
// In: pixels (column, row) from the upper left. Out: one word a pixel, rows from the first of the chunk.
struct Frame {
    // First pixel of this piece, in the image.
    first: vec2<u32>,
    // Columns and rows of this piece.
    size: vec2<u32>,
    // Columns and rows of the image.
    image: vec2<u32>,
    // First row of the chunk that `pixels` holds.
    chunk_row: u32,
    // Layers that this dispatch draws; 0 where there is a background only.
    layers: u32,
    // Red, green, blue, 255 where no layer is.
    background: u32,
    // 1 when `pixels` holds what lies below already.
    is_continued: u32,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;

// Says "not a number" to whoever reads the values.
const NOT_A_NUMBER: u32 = 0x7fc00000u;

fn place_in_chunk(pixel: vec2<u32>) -> u32 {
    return (pixel.y - frame.chunk_row) * frame.image.x + pixel.x;
}

fn lowest_color(pixel: vec2<u32>) -> vec3<u32> {
    if frame.is_continued == 1u {
        return split(pixels[place_in_chunk(pixel)]);
    }
    return split(frame.background);
}

fn split(color: u32) -> vec3<u32> {
    return vec3<u32>(color & 255u, (color >> 8u) & 255u, (color >> 16u) & 255u);
}

fn store_color(pixel: vec2<u32>, color: vec3<u32>) {
    pixels[place_in_chunk(pixel)] = color.x | (color.y << 8u) | (color.z << 16u) | (255u << 24u);
}

// Values beyond the largest number here stand for what WGSL may not hold: see volume.wgsl.
fn store_value(pixel: vec2<u32>, value: f32) {
    var bits = bitcast<u32>(value);
    if is_none(value) {
        bits = NOT_A_NUMBER;
    } else if abs(value) > LARGEST {
        bits = select(0x7f800000u, 0xff800000u, value < 0.0);
    }
    pixels[place_in_chunk(pixel)] = bits;
}

// Values to colours and their mix. Twins: render/ramp.rs, render/shown_in.rs, fusion::Weight.
// In: stored values, pixels. Out: red, green, blue, 0 to 255; weights, 0 to 256.
struct Ramp {
    // The stored value of the first entry, and 256ths of an entry for a step of 1.
    low: f32,
    scale: f32,
    // The last entry, in 256ths.
    last: f32,
    // The layer's part in the mix, in 256ths.
    weight: u32,
    // How parts of columns and rows make that of a pixel: see below.
    join: u32,
    // Where those of the columns begin in `colors`; those of the rows are behind them.
    first_part: u32,
    // Of contours: their levels, where these begin, and how they are drawn.
    levels: u32,
    first_level: u32,
    line_color: u32,
    half_width: f32,
    // Squares to each side of a pixel, up to which a line can reach it.
    reach: u32,
    // -1 where stored values fall as real ones rise.
    sign: f32,
}

// Parts of 1 that the layer is shown in: all, as the areas of a checkerboard, or by the distance from a line.
const EVERYWHERE: u32 = 0u;
const BOARD: u32 = 1u;

@group(2) @binding(0) var<uniform> ramp: Ramp;
// Colours of the map; then parts and levels, as the bits of floats.
@group(2) @binding(1) var<storage, read> colors: array<u32>;

fn color_of(value: f32) -> vec3<u32> {
    let place = clamp((value - ramp.low) * ramp.scale, 0.0, ramp.last);
    let entry = (u32(round(place)) + 128u) >> 8u;
    return split(colors[entry]);
}

// The layer's part in the mix at a pixel.
fn weight_at(pixel: vec2<u32>) -> u32 {
    if ramp.join == EVERYWHERE {
        return ramp.weight;
    }
    let column = bitcast<f32>(colors[ramp.first_part + pixel.x]);
    let row = bitcast<f32>(colors[ramp.first_part + frame.image.x + pixel.y]);
    if ramp.join == BOARD {
        return part_of(ramp.weight, column + row - 2.0 * column * row);
    }
    return part_of(ramp.weight, column + row + 0.5);
}

// A weight in a pixel that is covered in part.
fn part_of(weight: u32, part: f32) -> u32 {
    return (weight * u32(clamp(part, 0.0, 1.0) * 256.0 + 0.5) + 128u) >> 8u;
}

fn mixed(lower: vec3<u32>, upper: vec3<u32>, weight: u32) -> vec3<u32> {
    return (lower * (256u - weight) + upper * weight + 128u) >> vec3<u32>(8u);
}

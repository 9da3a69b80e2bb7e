// Values to colours and their mix. Twins: render/ramp.rs, fusion::Weight.
// In: stored values. Out: red, green, blue, 0 to 255.
struct Ramp {
    // The stored value of the first entry, and 256ths of an entry for a step of 1.
    low: f32,
    scale: f32,
    // The last entry, in 256ths.
    last: f32,
    // The layer's part in the mix, in 256ths.
    weight: u32,
}

@group(2) @binding(0) var<uniform> ramp: Ramp;
@group(2) @binding(1) var<storage, read> colors: array<u32>;

fn color_of(value: f32) -> vec3<u32> {
    let place = clamp((value - ramp.low) * ramp.scale, 0.0, ramp.last);
    let entry = (u32(round(place)) + 128u) >> 8u;
    return split(colors[entry]);
}

fn mixed(lower: vec3<u32>, upper: vec3<u32>) -> vec3<u32> {
    return (lower * (256u - ramp.weight) + upper * ramp.weight + 128u) >> vec3<u32>(8u);
}

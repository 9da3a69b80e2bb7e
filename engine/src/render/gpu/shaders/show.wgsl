// A finished image onto a texture of the host. Twin: none, nothing is computed.
// In: colours, one word a pixel, in the chunk of rows that `chunk` names. Out: the same colours.
struct Chunk {
    columns: u32,
    first_row: u32,
    // Of the target: 1 when it turns linear light into sRGB by itself.
    is_srgb: u32,
}

@group(0) @binding(0) var<uniform> chunk: Chunk;
@group(0) @binding(1) var<storage, read> shown: array<u32>;

@vertex
fn corner(@builtin(vertex_index) n: u32) -> @builtin(position) vec4<f32> {
    // One triangle that covers all.
    return vec4<f32>(f32(n & 1u) * 4.0 - 1.0, f32(n >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn show(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let pixel = vec2<u32>(at.xy);
    let color = unpack4x8unorm(shown[(pixel.y - chunk.first_row) * chunk.columns + pixel.x]);
    if chunk.is_srgb == 0u {
        return color;
    }
    let low = color.rgb / 12.92;
    let high = pow((color.rgb + 0.055) / 1.055, vec3<f32>(2.4));
    return vec4<f32>(select(high, low, color.rgb <= vec3<f32>(0.04045)), color.a);
}

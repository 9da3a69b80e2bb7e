// What layers look like in a volume rendering: tables of their materials. Twins: render/classify.rs,
// render/illumination.rs.
struct Look {
    // From stored values to places in the integrals, whose first entry stands a step before place 0.
    places_per_stored: f32,
    place_of_zero: f32,
    first_integral: u32,
    unused_0: u32,
    // Factors over the gradient's magnitude: (magnitude, factor) each.
    first_factor: u32,
    factors: u32,
    // Red, green, blue, opacity by label; the last is that of all above, opacity -1 is none.
    first_style: u32,
    styles: u32,
    // Their number, then (red, green, blue, depth), (threshold) each, by rising threshold.
    first_surface: u32,
    unused: u32,
    // Volume that holds the labels of a tint.
    tint: u32,
    others: f32,
    ambient: f32,
    diffuse: f32,
    specular: f32,
    shininess: f32,
    even_below: f32,
    is_shaded: u32,
    // Openness and light of cells, in half words of `lights`.
    first_light: u32,
    off_mm: f32,
    light_size: vec3<i32>,
    has_light: u32,
    light_voxels: vec3<f32>,
    entries: u32,
    // From this layer's voxel coordinates to those of the tint's labels (third a position in both).
    tint_x: vec4<f32>,
    tint_y: vec4<f32>,
    tint_z: vec4<f32>,
}

@group(2) @binding(0) var<uniform> looks: array<Look, 4>;
@group(2) @binding(1) var<storage, read> entries: array<vec4<f32>>;
@group(3) @binding(2) var<storage, read> lights: array<u32>;

const TISSUE: u32 = 0u;
const SURFACES: u32 = 1u;
const LABELS: u32 = 2u;

// Some layer has it; see MAY.
const SOME_TISSUE: u32 = 128u;
const SOME_SURFACES: u32 = 256u;
const SOME_LABELS: u32 = 512u;
const SOME_TINT: u32 = 1024u;
const SOME_SHADED: u32 = 2048u;
const SOME_FACTOR: u32 = 4096u;
const SOME_LIGHT: u32 = 8192u;
const SOME_CUT: u32 = 16384u;

const FARTHEST_PLACE: f32 = 1e12;
const COARSE: f32 = 16384.0;

// TISSUE, SURFACES or LABELS.
fn kind_of(layer: u32) -> u32 {
    return (KINDS >> (2u * layer)) & 3u;
}

fn may(some: u32) -> bool {
    return (MAY & some) != 0u;
}

fn integral_at(layer: u32, place: f32) -> vec4<f32> {
    let at = place + 1.0;
    let last = looks[layer].entries - 2u;
    let entry = u32(clamp(at, 0.0, f32(last)));
    let below = entries[looks[layer].first_integral + entry];
    let above = entries[looks[layer].first_integral + entry + 1u];
    return below + (at - f32(entry)) * (above - below);
}

// Extinction per mm, and extinction times red, green, blue, between two stored values.
fn between(layer: u32, a: f32, b: f32) -> vec4<f32> {
    let scale = looks[layer].places_per_stored;
    let zero = looks[layer].place_of_zero;
    let from_place = clamp(a * scale + zero, -FARTHEST_PLACE, FARTHEST_PLACE);
    let to_place = clamp(b * scale + zero, -FARTHEST_PLACE, FARTHEST_PLACE);
    let middle = 0.5 * (from_place + to_place);
    // Far beyond the table places are too coarse to be told half a step apart; the curve is level there.
    let coarse = (abs(middle) - COARSE) / 4096.0;
    let half = max(max(0.5 * abs(to_place - from_place), 0.25), coarse);
    let difference = integral_at(layer, middle + half) - integral_at(layer, middle - half);
    return max(difference / (2.0 * half), vec4<f32>(0.0));
}

// The factor of the extinction at a gradient.
fn factor_at(layer: u32, magnitude: f32) -> f32 {
    let first = looks[layer].first_factor;
    let count = looks[layer].factors;
    if count == 0u {
        return 1.0;
    }
    var above = 0u;
    while above < count && entries[first + above].x <= magnitude {
        above++;
    }
    if above == 0u {
        return entries[first].y;
    }
    let low = entries[first + above - 1u];
    if above == count {
        return low.y;
    }
    let high = entries[first + above];
    return low.y + (magnitude - low.x) / (high.x - low.x) * (high.y - low.y);
}

// Counted in the table: lavapipe (Mesa 22.3) crashes on loops that a uniform of the third group bounds.
fn surfaces_of(layer: u32) -> u32 {
    return u32(entries[looks[layer].first_surface].x);
}

fn style_of(layer: u32, label: f32) -> vec4<f32> {
    let number = min(u32(label), looks[layer].styles - 1u);
    return entries[looks[layer].first_style + number];
}

// Extinction per mm of an opacity of a millimetre. Twin: colormap/transfer.rs.
fn per_mm(opacity: f32) -> f32 {
    return -log(1.0 - clamp(opacity, 0.0, 1.0 - 1e-6));
}

fn light_cell(layer: u32, cell: vec3<i32>) -> vec2<f32> {
    let size = looks[layer].light_size;
    let at = clamp(cell, vec3<i32>(0), size - 1);
    let number = looks[layer].first_light + u32((at.z * size.y + at.y) * size.x + at.x);
    let pair = (lights[number / 2u] >> (16u * (number % 2u))) & 0xffffu;
    return vec2<f32>(f32(pair & 255u), f32(pair >> 8u)) / 255.0;
}

// How open a place is, and how much of the lamp's light reaches it. Twin: Illumination::at.
fn light_at(layer: u32, voxel: vec3<f32>) -> vec2<f32> {
    let last = vec3<f32>(looks[layer].light_size - 1);
    let at = clamp((voxel + 0.5) / looks[layer].light_voxels - 0.5, vec3<f32>(0.0), last);
    let before = floor(at);
    let part = at - before;
    let cell = vec3<i32>(before);
    var sum = vec2<f32>(0.0);
    for (var n = 0; n < 8; n++) {
        let corner = vec3<i32>(n & 1, (n >> 1u) & 1, n >> 2u);
        let weight = select(1.0 - part, part, corner == vec3<i32>(1));
        sum += weight.x * weight.y * weight.z * light_cell(layer, cell + corner);
    }
    return sum;
}

// Planes, flat and along a curve. Twin: render/cpu/cut.rs and kernel.rs.
// In: a volume, what lies below; the voxel coordinates of the pixels, in fixed point. Out: colours, mixed with
// those below, or stored values.
struct Cut {
    // Voxel coordinates of the first pixel, and of a step to the right and down.
    origin_whole: vec3<i32>,
    origin_part: vec3<u32>,
    right_whole: vec3<i32>,
    right_part: vec3<u32>,
    down_whole: vec3<i32>,
    down_part: vec3<u32>,
    // The same, roughly: fixed point turns over beyond 2^31.
    origin: vec3<f32>,
    right: vec3<f32>,
    down: vec3<f32>,
}

struct View {
    cut: Cut,
    // Columns of a curved plane; 0 for a flat one.
    columns: u32,
    // How much of the difference from the neighbourhood is added; 0 for a picture that is not sharpened.
    sharpening: f32,
    sharpening_radius: i32,
}

@group(0) @binding(2) var<uniform> view: View;
// Of curved planes: the place of the top pixel of each column, and its step down; whole and part.
@group(0) @binding(3) var<storage, read> tables: array<vec4<u32>>;

const FAR: f32 = 1.0e9;

fn fixed_of(whole: vec4<u32>, part: vec4<u32>) -> Fixed {
    return Fixed(bitcast<vec3<i32>>(whole.xyz), part.xyz);
}

// The stored value at a pixel; `NONE` outside.
fn layer_value(pixel: vec2<u32>) -> f32 {
    let cut = &view.cut;
    var at = Fixed((*cut).origin_whole, (*cut).origin_part);
    var down = Fixed((*cut).down_whole, (*cut).down_part);
    if view.columns > 0u {
        if pixel.x >= view.columns {
            return NONE;
        }
        let column = pixel.x * 4u;
        at = fixed_of(tables[column], tables[column + 1u]);
        down = fixed_of(tables[column + 2u], tables[column + 3u]);
    } else {
        let rough = (*cut).origin + f32(pixel.x) * (*cut).right + f32(pixel.y) * (*cut).down;
        if !all(abs(rough) < vec3<f32>(FAR)) {
            return NONE;
        }
        at = plus(at, times(Fixed((*cut).right_whole, (*cut).right_part), pixel.x));
    }
    at = plus(at, times(down, pixel.y));
    let place = place_in(0u, at);
    if !is_inside(0u, place) {
        return NONE;
    }
    return value_at(0u, place);
}

// The value with its difference from the blur around it, which leaves out what is outside the image or the
// volume.
fn sharpened(pixel: vec2<u32>) -> f32 {
    var binomial = array<f32, 5>(1.0, 4.0, 6.0, 4.0, 1.0);
    var sum = 0.0;
    var weights = 0.0;
    var value = NONE;
    let taps = select(0, 24, view.sharpening > 0.0);
    // The pixel itself first: one read is all there is where nothing is sharpened.
    for (var n = 0; n <= taps; n++) {
        let tap = vec2<i32>((n + 12) % 25 % 5, (n + 12) % 25 / 5);
        let there = vec2<i32>(pixel) + (tap - 2) * view.sharpening_radius;
        if any(there < vec2<i32>(0)) || any(there >= vec2<i32>(frame.image)) {
            continue;
        }
        let found = layer_value(vec2<u32>(there));
        if n == 0 {
            value = found;
        }
        if !is_number(value) {
            return value;
        }
        if !is_number(found) {
            continue;
        }
        let weight = binomial[tap.x] * binomial[tap.y];
        sum += weight * found;
        weights += weight;
    }
    return value + view.sharpening * (value - sum / weights);
}

@compute @workgroup_size(8, 8)
fn picture(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= frame.size) {
        return;
    }
    let pixel = frame.first + id.xy;
    var color = lowest_color(pixel);
    let weight = weight_at(pixel);
    if frame.layers > 0u && weight > 0u {
        let value = sharpened(pixel);
        if !is_none(value) {
            color = mixed(color, color_of(value), weight);
        }
    }
    store_color(pixel, color);
}

@compute @workgroup_size(8, 8)
fn values(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= frame.size) {
        return;
    }
    let pixel = frame.first + id.xy;
    store_value(pixel, layer_value(pixel));
}

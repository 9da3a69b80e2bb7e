// Projections: maximum, minimum, mean, sum along rays. Twin: render/cpu/projection.
// In: a volume, what lies below; a ray per pixel in voxel coordinates, cells. Out: colours, mixed with those
// below, or values: stored, or real where `is_real` says so.
const MAXIMUM: u32 = 0u;
const MEAN: u32 = 1u;
const SUM: u32 = 2u;

// What is kept of a ray.
struct Kept {
    value: f32,
    count: f32,
    // Bits: something was infinite above 0, or below.
    odd: u32,
}

fn keep(layer: u32, ray: Ray, k: f32, kept: ptr<function, Kept>) {
    let body = &view.bodies[layer];
    for (var n = 0u; n < (*body).cuts; n++) {
        let at = vec3<f32>(ray.whole) + along(ray, k);
        if left_by((*body).first_cut + n, at) < 0.5 {
            return;
        }
    }
    var value = value_at(layer, place_along(layer, ray, k));
    if is_none(value) {
        return;
    }
    (*kept).count += 1.0;
    if (*body).is_real == 1u && is_number(value) {
        value = volumes[layer].rescale_slope * value + volumes[layer].rescale_intercept;
    }
    if view.kind == MAXIMUM {
        if (*body).fading > 0.0 && value > (*body).fading_from && is_number(value) {
            let depth = clamp(ray.depth.x + (k + ray.moved) * ray.depth.y, 0.0, 1.0);
            value = (*body).fading_from + (value - (*body).fading_from) * (1.0 - (*body).fading * depth);
        }
        (*kept).value = max((*kept).value, value * (*body).sign);
    } else if is_number(value) {
        (*kept).value += value;
    } else {
        (*kept).odd |= select(2u, 1u, value > 0.0);
    }
}

// Whether nothing from here to the end of the cell can be more than what is kept.
fn is_beaten(layer: u32, cell: vec3<i32>, kept: f32) -> bool {
    let body = &view.bodies[layer];
    let bounds = cell_bounds(layer, cell);
    var most = select(-bounds.x, bounds.y, (*body).sign > 0.0);
    if (*body).is_real == 1u {
        let slope = volumes[layer].rescale_slope;
        let ends = bounds * slope + volumes[layer].rescale_intercept;
        most = max(ends.x, ends.y);
    }
    return most + (*body).margin <= kept;
}

// What is made of the values along the ray of a pixel; `NONE` where there are none.
fn layer_value(pixel: vec2<u32>) -> f32 {
    return projected(0u, pixel);
}

fn projected(layer: u32, pixel: vec2<u32>) -> f32 {
    if !has_ray(pixel) {
        return NONE;
    }
    let ray = ray_of(layer, pixel);
    let within = stretch(layer, ray);
    // A hair more, then exactly.
    var k = ceil(within.x - 1e-3);
    var last = floor(within.y + 1e-3);
    while k <= last && !is_inside(layer, place_along(layer, ray, k)) {
        k += 1.0;
    }
    while k <= last && !is_inside(layer, place_along(layer, ray, last)) {
        last -= 1.0;
    }
    let is_maximum = view.kind == MAXIMUM;
    var kept = Kept(select(0.0, NONE, is_maximum), 0.0, 0u);
    let skips = is_maximum && view.skips == 1u;
    while k <= last {
        var end = last;
        if skips {
            let cell = cell_of(layer, ray.whole + vec3<i32>(floor(along(ray, k))));
            end = min(last, last_in_cell(ray, k, cell));
            if is_beaten(layer, cell, kept.value) {
                k = end + 1.0;
                continue;
            }
        }
        for (; k <= end; k += 1.0) {
            keep(layer, ray, k, &kept);
        }
    }
    return finished(layer, kept);
}

fn finished(layer: u32, kept: Kept) -> f32 {
    if kept.count == 0.0 || kept.odd == 3u {
        return NONE;
    }
    if kept.odd != 0u {
        return select(-INFINITE, INFINITE, kept.odd == 1u);
    }
    switch view.kind {
        case MAXIMUM: { return kept.value * view.bodies[layer].sign; }
        case MEAN: { return kept.value / kept.count; }
        default: { return kept.value; }
    }
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
        let value = layer_value(pixel);
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

// What labels around a place make of it, smoothed by cubic B-splines. Twin: render/cpu/rendering/labels.rs.
// In: label maps, places in their voxel coordinates. Out: sums over the 64 voxels around.

// The cubic B-spline at a distance, and its slope.
fn spline(x: f32) -> vec2<f32> {
    let d = abs(x);
    if d < 1.0 {
        return vec2<f32>(2.0 / 3.0 - d * d + 0.5 * d * d * d, (1.5 * d * d - 2.0 * d) * sign(x));
    }
    let rest = max(2.0 - d, 0.0);
    return vec2<f32>(rest * rest * rest / 6.0, -0.5 * rest * rest * sign(x));
}

// What the labels around a place are: sums of colour and opacity by weight, part of known labels, its slope.
struct Around {
    style: vec4<f32>,
    part: f32,
    slope: vec3<f32>,
}

fn around(layer: u32, slot: u32, place: Place) -> Around {
    let at = held(slot, place);
    let last = volumes[slot].size - 1;
    var found = Around(vec4<f32>(0.0), 0.0, vec3<f32>(0.0));
    for (var n = 0; n < 64; n++) {
        let tap = vec3<i32>(n & 3, (n >> 2u) & 3, n >> 4u) - 1;
        let style = style_of(layer, stored_of(slot, clamp(at.voxel + tap, vec3<i32>(0), last)));
        if style.w < 0.0 {
            continue;
        }
        let away = at.part - vec3<f32>(tap);
        let x = spline(away.x);
        let y = spline(away.y);
        let z = spline(away.z);
        let weight = x.x * y.x * z.x;
        found.style += weight * style;
        found.part += weight;
        found.slope += vec3<f32>(x.y * y.x * z.x, x.x * y.y * z.x, x.x * y.x * z.y);
    }
    return found;
}

// How much of a body is seen where it is there to a part. Twin: Labels::edge.
fn edge(part: f32) -> f32 {
    return smoothstep(0.4, 0.6, part);
}

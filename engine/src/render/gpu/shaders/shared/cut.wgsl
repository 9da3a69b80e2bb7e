// Free cuts along outlines. Twin: render/clip.rs, ReadyCut.
// In: voxel coordinates (third a position). Out: the part of the tissue that is left, 0 to 1.
struct Cut {
    // From voxel coordinates to the picture that the outline was drawn on: column, row, and depth in mm.
    column: vec4<f32>,
    row: vec4<f32>,
    depth: vec4<f32>,
    // Column and row of the eye, its depth (0 for parallel rays).
    eye: vec4<f32>,
    // Nearest and farthest place that is cut, mm; first cell's centre.
    limits: vec4<f32>,
    // Columns and rows of the mask, its first word, 1 when what lies outside goes.
    mask: vec4<u32>,
    // Side of a cell, pixels; of perspective cameras: mm of a column and a row.
    cell: vec4<f32>,
    // Of perspective cameras: the dot product of a column's and a row's direction, mm^2.
    skew: vec4<f32>,
}

@group(3) @binding(0) var<storage, read> cuts: array<Cut>;
@group(3) @binding(1) var<storage, read> coverage: array<u32>;

fn covered(cut: u32, column: i32, row: i32) -> f32 {
    let mask = cuts[cut].mask;
    let at = vec2<i32>(clamp(column, 0, i32(mask.x) - 1), clamp(row, 0, i32(mask.y) - 1));
    let number = u32(at.y) * mask.x + u32(at.x);
    return f32((coverage[mask.z + number / 4u] >> (8u * (number % 4u))) & 255u) / 255.0;
}

fn coverage_at(cut: u32, pixel: vec2<f32>) -> f32 {
    let mask = cuts[cut].mask;
    let at = (pixel - cuts[cut].limits.zw) / cuts[cut].cell.x;
    if !all((at >= vec2<f32>(0.0)) & (at <= vec2<f32>(mask.xy) - 1.0)) {
        return 0.0;
    }
    let before = floor(at);
    let part = at - before;
    let column = i32(before.x);
    let row = i32(before.y);
    let upper = mix(covered(cut, column, row), covered(cut, column + 1, row), part.x);
    let lower = mix(covered(cut, column, row + 1), covered(cut, column + 1, row + 1), part.x);
    return mix(upper, lower, part.y);
}

fn left_by(cut: u32, at: vec3<f32>) -> f32 {
    let place = vec4<f32>(at, 1.0);
    var pixel = vec2<f32>(dot(cuts[cut].column, place), dot(cuts[cut].row, place));
    var depth_mm = dot(cuts[cut].depth, place);
    let eye = cuts[cut].eye;
    if eye.z != 0.0 {
        let ahead = depth_mm - eye.z;
        if ahead <= 0.0 {
            return 1.0;
        }
        let part = -eye.z / ahead;
        let from_eye = pixel - eye.xy;
        let sides = from_eye * cuts[cut].cell.yz;
        let aside = dot(sides, sides) + 2.0 * from_eye.x * from_eye.y * cuts[cut].skew.x;
        pixel = eye.xy + part * from_eye;
        depth_mm = sqrt(aside + ahead * ahead) * (1.0 - part);
    }
    if depth_mm < cuts[cut].limits.x || depth_mm > cuts[cut].limits.y {
        return 1.0;
    }
    let inside = coverage_at(cut, pixel);
    return select(1.0 - inside, inside, cuts[cut].mask.w == 1u);
}

// What all free cuts of a layer leave.
fn left_at(layer: u32, ray: Ray, k: f32) -> f32 {
    var left = 1.0;
    let at = vec3<f32>(ray.whole) + along(ray, k);
    for (var n = 0u; n < view.bodies[layer].cuts; n++) {
        left *= left_by(view.bodies[layer].first_cut + n, at);
    }
    return left;
}

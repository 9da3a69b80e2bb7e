// The rays of a camera or of a curved plane among the voxels of each layer, and which samples of them count.
// In: pixels. Out: places in voxel coordinates. Twin: presentation/camera.rs.
struct Body {
    // Voxel coordinates of the first pixel's sample 0, and of a step to the right and down.
    origin_whole: vec3<i32>,
    // Its first column in `tables`, of curved planes.
    first_column: u32,
    origin_part: vec3<u32>,
    // Planes and free cuts that it is clipped by.
    first_plane: u32,
    right_whole: vec3<i32>,
    planes: u32,
    right_part: vec3<u32>,
    first_cut: u32,
    down_whole: vec3<i32>,
    cuts: u32,
    down_part: vec3<u32>,
    // Nearest and farthest sample.
    nearest: f32,
    // From the eye to the first pixel, and of a pixel; voxels.
    away: vec3<f32>,
    farthest: f32,
    right: vec3<f32>,
    // What an interpolation may exceed its voxels by.
    margin: f32,
    down: vec3<f32>,
    // 1 or -1: turns what is looked for into the largest.
    sign: f32,
    // From one sample to the next, voxels; of parallel rays.
    step: vec3<f32>,
    // Of depth weights: how much, and the value from which on.
    fading: f32,
    // First and last place inside, the third as a position.
    low: vec3<f32>,
    fading_from: f32,
    high: vec3<f32>,
    // 1 when values are turned into real ones.
    is_real: u32,
    // Depth, 0 to 1 within the volume: at the first pixel, to the right, down, and of a sample.
    depth: vec4<f32>,
    cells: vec3<i32>,
    // Weight of its extinction.
    weight: f32,
    // Where the scene's patient space lies from voxel directions: rows, for gradients.
    normal_x: vec4<f32>,
    normal_y: vec4<f32>,
    normal_z: vec4<f32>,
}

struct View {
    bodies: array<Body, 4>,
    // A place at voxel coordinates `p` (third a position) is kept where `dot(plane.xyz, p) + plane.w >= 0`.
    planes: array<vec4<f32>, 48>,
    // From the foot of the eye on the plane to the first pixel, and of a pixel; mm.
    from_foot: vec3<f32>,
    // Of the eye from the plane, mm; 0 for parallel rays.
    eye_mm: f32,
    right_mm: vec3<f32>,
    step_mm: f32,
    down_mm: vec3<f32>,
    // Columns of a curved plane; 0 for a camera.
    columns: u32,
    // Moves samples by this part of a step, each pixel by its own more; below 0 not at all.
    jitter: f32,
    first_rank: u32,
    kind: u32,
    skips: u32,
    // Of renderings: towards the light, in the scene's patient space; zero for the viewer's head.
    light: vec3<f32>,
    occlusion: f32,
    sight: vec3<f32>,
    shadow: f32,
    // From the eye to the first pixel, mm.
    eye_away: vec3<f32>,
}

@group(0) @binding(2) var<uniform> view: View;
// Columns of curved planes (place of the top, step down, step away), then ranks of the jitter.
@group(0) @binding(3) var<storage, read> tables: array<vec4<u32>>;
// Smallest and largest stored values of cells of 8 x 8 x 8 voxels.
@group(1) @binding(7) var cells_0: texture_3d<f32>;
@group(1) @binding(8) var cells_1: texture_3d<f32>;
@group(1) @binding(9) var cells_2: texture_3d<f32>;
@group(1) @binding(10) var cells_3: texture_3d<f32>;

const CELL: i32 = 8;
const COLUMN: u32 = 6u;
const NEVER: f32 = 1e9;

// A ray among the voxels of a layer: sample `k` is at `whole + part + (k + moved) * step`.
struct Ray {
    whole: vec3<i32>,
    part: vec3<f32>,
    step: vec3<f32>,
    moved: f32,
    // First and last sample that may count.
    first: f32,
    last: f32,
    // Depth at sample 0, and of a sample.
    depth: vec2<f32>,
}

// From the ray's pixel on the plane to the eye, mm.
fn eye_distance(pixel: vec2<u32>) -> f32 {
    let from_foot = view.from_foot + f32(pixel.x) * view.right_mm + f32(pixel.y) * view.down_mm;
    return sqrt(view.eye_mm * view.eye_mm + dot(from_foot, from_foot));
}

fn moved(pixel: vec2<u32>) -> f32 {
    if view.jitter < 0.0 {
        return 0.0;
    }
    let rank = (pixel.y % 64u) * 64u + pixel.x % 64u;
    let ranks = tables[view.first_rank + rank / 4u];
    return fract((f32(ranks[rank % 4u]) + 0.5) / 4096.0 + view.jitter);
}

fn fixed_of(whole: vec4<u32>, part: vec4<u32>) -> Fixed {
    return Fixed(bitcast<vec3<i32>>(whole.xyz), part.xyz);
}

fn curved_ray(layer: u32, pixel: vec2<u32>) -> Ray {
    let column = (view.bodies[layer].first_column + pixel.x) * COLUMN;
    let top = fixed_of(tables[column], tables[column + 1u]);
    let down = fixed_of(tables[column + 2u], tables[column + 3u]);
    let at = plus(top, times(down, pixel.y));
    let away = bitcast<vec4<f32>>(tables[column + 4u]);
    let depth = bitcast<vec4<f32>>(tables[column + 5u]);
    let body = &view.bodies[layer];
    return Ray(
        at.whole,
        vec3<f32>(at.part) * PART,
        away.xyz,
        moved(pixel),
        (*body).nearest,
        (*body).farthest,
        vec2<f32>(depth.x + f32(pixel.y) * depth.y, depth.z),
    );
}

fn camera_ray(layer: u32, pixel: vec2<u32>) -> Ray {
    let body = &view.bodies[layer];
    let column = vec2<f32>(pixel);
    var at = Fixed((*body).origin_whole, (*body).origin_part);
    at = plus(at, times(Fixed((*body).right_whole, (*body).right_part), pixel.x));
    at = plus(at, times(Fixed((*body).down_whole, (*body).down_part), pixel.y));
    var step = (*body).step;
    var first = (*body).nearest;
    let depth = (*body).depth;
    var depth_step = depth.w;
    if view.eye_mm > 0.0 {
        let distance_mm = eye_distance(pixel);
        let per_sample = view.step_mm / distance_mm;
        step = ((*body).away + column.x * (*body).right + column.y * (*body).down) * per_sample;
        first = max(first, -distance_mm / view.step_mm);
        depth_step *= view.eye_mm / distance_mm;
    }
    return Ray(
        at.whole,
        vec3<f32>(at.part) * PART,
        step,
        moved(pixel),
        first,
        (*body).farthest,
        vec2<f32>(depth.x + column.x * depth.y + column.y * depth.z, depth_step),
    );
}

fn ray_of(layer: u32, pixel: vec2<u32>) -> Ray {
    if view.columns > 0u {
        return curved_ray(layer, pixel);
    }
    return camera_ray(layer, pixel);
}

// Whether there is a ray at all.
fn has_ray(pixel: vec2<u32>) -> bool {
    return view.columns == 0u || pixel.x < view.columns;
}

// From the voxel `ray.whole` to the place of a sample, which may be a fraction.
fn along(ray: Ray, k: f32) -> vec3<f32> {
    return ray.part + (k + ray.moved) * ray.step;
}

// The place among the voxels of a layer.
fn place_along(layer: u32, ray: Ray, k: f32) -> Place {
    let at = along(ray, k);
    let before = clamp(floor(at), vec3<f32>(-NEVER), vec3<f32>(NEVER));
    var place = Place(ray.whole + vec3<i32>(before), at - before);
    if has(layer, UNEVEN) {
        // Largest f32 below 2^32.
        let part = u32(min(place.part.z * 4294967296.0, 4294967040.0));
        let slice = slice_from_position(layer, place.voxel.z, part);
        let below = floor(clamp(slice.y, -NEVER, NEVER));
        place.voxel.z = i32(slice.x) + i32(below);
        place.part.z = slice.y - below;
    }
    return place;
}

// The samples (fractions) between which a ray is in a layer's volume, depth and clip planes.
fn stretch(layer: u32, ray: Ray) -> vec2<f32> {
    let body = &view.bodies[layer];
    let at = vec3<f32>(ray.whole) + ray.part;
    var enter = ray.first - ray.moved;
    var leave = ray.last - ray.moved;
    for (var axis = 0; axis < 3; axis++) {
        let step = ray.step[axis];
        let to_low = (*body).low[axis] - at[axis];
        let to_high = (*body).high[axis] - at[axis];
        if abs(step) < 1e-12 {
            if to_low > 1e-3 || to_high < -1e-3 {
                return vec2<f32>(1.0, 0.0);
            }
            continue;
        }
        let a = to_low / step - ray.moved;
        let b = to_high / step - ray.moved;
        enter = max(enter, min(a, b));
        leave = min(leave, max(a, b));
    }
    for (var n = 0u; n < (*body).planes; n++) {
        let plane = view.planes[(*body).first_plane + n];
        let height = dot(plane.xyz, at) + plane.w;
        let rise = dot(plane.xyz, ray.step);
        if abs(rise) < 1e-12 {
            if height < 0.0 {
                return vec2<f32>(1.0, 0.0);
            }
            continue;
        }
        let crossing = -height / rise - ray.moved;
        if rise > 0.0 {
            enter = max(enter, crossing);
        } else {
            leave = min(leave, crossing);
        }
    }
    return clamp(vec2<f32>(enter, leave), vec2<f32>(-NEVER), vec2<f32>(NEVER));
}

// The last sample from `k` on that is surely within the same cell.
fn last_in_cell(ray: Ray, k: f32, cell: vec3<i32>) -> f32 {
    let at = along(ray, k);
    let next = vec3<f32>((cell + select(vec3<i32>(0), vec3<i32>(1), ray.step > vec3<f32>(0.0))) * CELL - ray.whole);
    let is_still = abs(ray.step) < vec3<f32>(1e-9);
    let samples = select((next - at) / ray.step, vec3<f32>(NEVER), is_still);
    // A hair less: rounding must not carry it over.
    return k + floor(max(min(samples.x, min(samples.y, samples.z)) - 1e-3, 0.0));
}

fn cell_of(layer: u32, voxel: vec3<i32>) -> vec3<i32> {
    return clamp(voxel, vec3<i32>(0), volumes[layer].size - 1) / CELL;
}

// Smallest and largest stored value of a cell.
fn cell_bounds(layer: u32, cell: vec3<i32>) -> vec2<f32> {
    if LAYERS == 1u {
        return textureLoad(cells_0, cell, 0).xy;
    }
    switch layer {
        case 0u: { return textureLoad(cells_0, cell, 0).xy; }
        case 1u: { return textureLoad(cells_1, cell, 0).xy; }
        case 2u: { return textureLoad(cells_2, cell, 0).xy; }
        default: { return textureLoad(cells_3, cell, 0).xy; }
    }
}

// Volumes and the values between their voxels. Twin: volume/sample.rs.
// In: places in voxel coordinates (centre of the first voxel 0,0,0). Out: stored values; the rescale to real
// ones is folded into what reads them.
struct Volume {
    // Columns, rows, slices.
    size: vec3<i32>,
    flags: u32,
    // From texels to stored values: parts of 255 or 65535, or 0 where the texel is the value.
    scale: vec2<f32>,
    offset: f32,
    interpolation: u32,
    // Of a folded volume: voxels of a brick, bricks of the volume, bricks of the texture.
    brick: vec3<i32>,
    first_position: u32,
    bricks: vec3<i32>,
    positions: u32,
    atlas: vec3<i32>,
    rescale_slope: f32,
    per_voxel: vec3<f32>,
    rescale_intercept: f32,
}

// What some layer of the picture may be: what none is, the device leaves out of the program.
override MAY: u32 = 127u;
// Layers that are read together, 1 to 4.
override LAYERS: u32 = 4u;
// What each layer of a rendering is made of, two bits each: see look.wgsl.
override KINDS: u32 = 0u;

// Some voxels are no numbers.
const HOLES: u32 = 1u;
// Slices lie at `slice_positions`.
const UNEVEN: u32 = 2u;
// A side is longer than a texture may be: bricks of it lie beside each other.
const FOLDED: u32 = 4u;
// The device's own filter is exact enough for pictures.
const FILTERED: u32 = 8u;
// Some layer is read so; never a flag of one.
const SOME_NEAREST: u32 = 16u;
const SOME_LINEAR: u32 = 32u;
const SOME_CUBIC: u32 = 64u;

const NEAREST: u32 = 0u;
const LINEAR: u32 = 1u;
const CUBIC: u32 = 2u;

// Shaders may assume that no number is infinite or none: these stand for them, and `LARGEST` is the largest
// number besides.
const NONE: f32 = -3.4e38;
const INFINITE: f32 = 3.35e38;
const LARGEST: f32 = 3.3e38;

@group(1) @binding(0) var<uniform> volumes: array<Volume, 4>;
@group(1) @binding(1) var volume_0: texture_3d<f32>;
@group(1) @binding(2) var volume_1: texture_3d<f32>;
@group(1) @binding(3) var volume_2: texture_3d<f32>;
@group(1) @binding(4) var volume_3: texture_3d<f32>;
// Positions of slices in steps of the third axis: whole and part of each.
@group(1) @binding(5) var<storage, read> slice_positions: array<vec2<u32>>;

fn is_none(value: f32) -> bool {
    return value < -3.37e38;
}

fn is_number(value: f32) -> bool {
    return abs(value) <= LARGEST;
}

// The stored value of a voxel that is there.
fn stored(texture: texture_3d<f32>, layer: u32, voxel: vec3<i32>) -> f32 {
    var texel = voxel;
    if has(layer, FOLDED) {
        texel = unfolded(layer, voxel);
    }
    let found = textureLoad(texture, texel, 0);
    let scale = volumes[layer].scale;
    if scale.x == 0.0 {
        return found.x;
    }
    // Rounded, as the parts of 255 and 65535 are not exact: whole numbers come back as they were.
    let whole = round(found.xy * scale);
    return whole.x + 256.0 * whole.y + volumes[layer].offset;
}

fn unfolded(layer: u32, voxel: vec3<i32>) -> vec3<i32> {
    let brick = voxel / volumes[layer].brick;
    let bricks = volumes[layer].bricks;
    let number = (brick.z * bricks.y + brick.y) * bricks.x + brick.x;
    let atlas = volumes[layer].atlas;
    let row = number / atlas.x;
    let place = vec3<i32>(number % atlas.x, row % atlas.y, row / atlas.y);
    return voxel + (place - brick) * volumes[layer].brick;
}

// Whether a place is at most half a voxel from the outermost centres.
fn is_inside(layer: u32, place: Place) -> bool {
    let beyond = place.part - 0.5;
    let nearest = place.voxel + select(vec3<i32>(0), vec3<i32>(1), beyond >= vec3<f32>(0.0));
    let size = volumes[layer].size;
    let at_end = (nearest == size) & (beyond == vec3<f32>(0.0));
    return all((nearest >= vec3<i32>(0)) & ((nearest < size) | at_end));
}

// The slice of a position along the third axis; Twin: Grid::slice_from_position.
fn slice_from_position(layer: u32, whole: i32, part: u32) -> vec2<f32> {
    let first = volumes[layer].first_position;
    // The first position above it, but neither the first of all nor beyond the last.
    var low = 1u;
    var high = volumes[layer].positions - 1u;
    while low < high {
        let middle = (low + high) / 2u;
        let position = slice_positions[first + middle];
        let above = bitcast<i32>(position.x);
        if above > whole || (above == whole && position.y > part) {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    let below = slice_positions[first + low - 1u];
    let gap = from_to(below, slice_positions[first + low]);
    let beyond = from_to(below, vec2<u32>(bitcast<u32>(whole), part)) / gap;
    return vec2<f32>(f32(low - 1u), beyond);
}

fn from_to(from_position: vec2<u32>, to: vec2<u32>) -> f32 {
    let whole = bitcast<i32>(to.x) - bitcast<i32>(from_position.x);
    return f32(whole) + (f32(to.y) - f32(from_position.y)) * PART;
}

// The place among voxels of a place whose third coordinate is a position.
fn place_in(layer: u32, at: Fixed) -> Place {
    var place = place_of(at);
    if has(layer, UNEVEN) {
        let slice = slice_from_position(layer, at.whole.z, at.part.z);
        let before = floor(clamp(slice.y, -1e9, 1e9));
        place.voxel.z = i32(slice.x) + i32(before);
        place.part.z = slice.y - before;
    }
    return place;
}

fn nearest(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    let up = select(vec3<i32>(0), vec3<i32>(1), place.part >= vec3<f32>(0.5));
    return stored(texture, layer, clamp(place.voxel + up, vec3<i32>(0), volumes[layer].size - 1));
}

fn linear_by_hand(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    let last = volumes[layer].size - 1;
    let a = clamp(place.voxel, vec3<i32>(0), last);
    let b = clamp(place.voxel + 1, vec3<i32>(0), last);
    let v000 = stored(texture, layer, a);
    let v100 = stored(texture, layer, vec3<i32>(b.x, a.y, a.z));
    let v010 = stored(texture, layer, vec3<i32>(a.x, b.y, a.z));
    let v110 = stored(texture, layer, vec3<i32>(b.x, b.y, a.z));
    let v001 = stored(texture, layer, vec3<i32>(a.x, a.y, b.z));
    let v101 = stored(texture, layer, vec3<i32>(b.x, a.y, b.z));
    let v011 = stored(texture, layer, vec3<i32>(a.x, b.y, b.z));
    let v111 = stored(texture, layer, b);
    let rows = vec4<f32>(v000, v010, v001, v011);
    let along = rows + place.part.x * (vec4<f32>(v100, v110, v101, v111) - rows);
    let slices = along.xz + place.part.y * (along.yw - along.xz);
    return slices.x + place.part.z * (slices.y - slices.x);
}

// Weights of the voxels at -1, 0, 1, 2 (Keys 1981, a = -1/2). Twin: cubic_weights.
fn cubic_weights(t: f32) -> vec4<f32> {
    let t2 = t * t;
    let t3 = t2 * t;
    return 0.5 * vec4<f32>(
        -t3 + 2.0 * t2 - t,
        3.0 * t3 - 5.0 * t2 + 2.0,
        -3.0 * t3 + 4.0 * t2 + t,
        t3 - t2,
    );
}

// A place held to the outermost centres, as interpolation has it beyond them.
fn held(layer: u32, place: Place) -> Place {
    let last = volumes[layer].size - 1;
    let outside = (place.voxel < vec3<i32>(0)) | (place.voxel >= last);
    return Place(
        clamp(place.voxel, vec3<i32>(0), last),
        select(place.part, vec3<f32>(0.0), outside),
    );
}

fn cubic(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    let last = volumes[layer].size - 1;
    let at = held(layer, place);
    let across = cubic_weights(at.part.x);
    let down = cubic_weights(at.part.y);
    let deep = cubic_weights(at.part.z);
    var sum = 0.0;
    for (var k = 0; k < 4; k++) {
        for (var j = 0; j < 4; j++) {
            let row = clamp(at.voxel + vec3<i32>(-1, j - 1, k - 1), vec3<i32>(0), last);
            let values = vec4<f32>(
                stored(texture, layer, vec3<i32>(clamp(at.voxel.x - 1, 0, last.x), row.yz)),
                stored(texture, layer, vec3<i32>(at.voxel.x, row.yz)),
                stored(texture, layer, vec3<i32>(min(at.voxel.x + 1, last.x), row.yz)),
                stored(texture, layer, vec3<i32>(min(at.voxel.x + 2, last.x), row.yz)),
            );
            sum += deep[k] * down[j] * dot(across, values);
        }
    }
    return sum;
}

// As `linear_by_hand` and `cubic`, where voxels of weight 0 may be no numbers: those do not count.
fn with_holes(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    let last = volumes[layer].size - 1;
    let at = held(layer, place);
    let is_cubic = is_read(layer, CUBIC);
    var weights = array<vec4<f32>, 3>();
    for (var axis = 0; axis < 3; axis++) {
        let t = at.part[axis];
        weights[axis] = vec4<f32>(0.0, 1.0 - t, t, 0.0);
        if is_cubic {
            weights[axis] = cubic_weights(t);
        }
    }
    var sum = 0.0;
    // Bits: something is not a number, is infinite, is infinite below 0.
    var odd = 0u;
    for (var n = 0; n < 64; n++) {
        let tap = vec3<i32>(n & 3, (n >> 2u) & 3, n >> 4u);
        let weight = weights[0][tap.x] * weights[1][tap.y] * weights[2][tap.z];
        if weight == 0.0 {
            continue;
        }
        let value = stored(texture, layer, clamp(at.voxel + tap - 1, vec3<i32>(0), last));
        if is_none(value) {
            odd |= 1u;
        } else if abs(value) > LARGEST {
            odd |= select(4u, 2u, value * weight > 0.0);
        } else {
            sum += weight * value;
        }
    }
    switch odd {
        case 0u: { return sum; }
        case 2u: { return INFINITE; }
        case 4u: { return -INFINITE; }
        default: { return NONE; }
    }
}

// The stored value between voxels, as the layer's interpolation has it.
fn interpolated(texture: texture_3d<f32>, layer: u32, place: Place) -> f32 {
    if is_read(layer, NEAREST) {
        return nearest(texture, layer, place);
    }
    if has(layer, HOLES) {
        return with_holes(texture, layer, place);
    }
    if is_read(layer, CUBIC) {
        return cubic(texture, layer, place);
    }
    if (MAY & SOME_LINEAR) != 0u {
        return linear(texture, layer, place);
    }
    return NONE;
}

// Volume rendering: light through coloured, light-absorbing tissue. Twin: render/cpu/rendering.
// In: volumes, a ray per pixel in voxel coordinates of each layer, looks, distances to what can be seen. Out:
// colours.
const DARK: f32 = 1.0 / 512.0;
const MOST_SURFACES: u32 = 12u;

// What has been gathered along a ray.
struct Gathered {
    rgb: vec3<f32>,
    through: f32,
}

// A surface that a segment of the ray passes.
struct Crossing {
    // How far along the segment, 0 to 1.
    at: f32,
    depth: f32,
    color: vec3<f32>,
}

// What is known of a layer at one end of a segment.
struct End {
    value: f32,
    left: f32,
    // Of labels: extinction, and extinction times colour.
    sends: vec4<f32>,
    slope: vec3<f32>,
}

// What happens within a segment.
struct Segment {
    depth: f32,
    glow: vec3<f32>,
    crossings: u32,
}

var<private> crossings: array<Crossing, 12>;

fn end_at(layer: u32, ray: Ray, k: f32) -> End {
    var end = End(NONE, 1.0, vec4<f32>(0.0), vec3<f32>(0.0));
    let place = place_along(layer, ray, k);
    if kind_of(layer) == LABELS {
        let found = around(layer, layer, place);
        end.slope = found.slope;
        if found.part > 0.0 {
            let style = found.style / found.part;
            let extinction = per_mm(style.w) * edge(found.part);
            end.sends = vec4<f32>(extinction, extinction * style.xyz);
        }
    } else {
        end.value = value_at(layer, place);
    }
    if may(SOME_CUT) {
        end.left = left_at(layer, ray, k);
    }
    return end;
}

// Differences of one voxel to either side, held to the outermost centres, in the scene per mm.
fn gradient_at(layer: u32, place: Place) -> vec3<f32> {
    let here = held(layer, place);
    var slope = vec3<f32>(0.0);
    for (var axis = 0; axis < 3; axis++) {
        var step = vec3<i32>(0);
        step[axis] = 1;
        let ahead = value_at(layer, held(layer, Place(here.voxel + step, here.part)));
        let behind = value_at(layer, held(layer, Place(here.voxel - step, here.part)));
        if is_number(ahead) && is_number(behind) {
            slope[axis] = 0.5 * (ahead - behind);
        }
    }
    return in_scene(layer, slope * volumes[layer].rescale_slope, here);
}

// A slope along the voxels' axes as a gradient in the scene, per mm.
fn in_scene(layer: u32, slope: vec3<f32>, here: Place) -> vec3<f32> {
    var along = slope;
    if has(layer, UNEVEN) {
        along.z *= 2.0 / (position_of(layer, here.voxel.z + 1, here.part.z)
            - position_of(layer, here.voxel.z - 1, here.part.z));
    }
    let body = &view.bodies[layer];
    return vec3<f32>(
        dot((*body).normal_x.xyz, along),
        dot((*body).normal_y.xyz, along),
        dot((*body).normal_z.xyz, along),
    );
}

// The position of a slice, going on evenly beyond the ends. Twin: Grid::position_from_slice.
fn position_of(layer: u32, slice: i32, part: f32) -> f32 {
    let below = clamp(slice, 0, i32(volumes[layer].positions) - 2);
    let first = volumes[layer].first_position + u32(below);
    let a = slice_positions[first];
    let gap = from_to(a, slice_positions[first + 1u]);
    return f32(bitcast<i32>(a.x)) + f32(a.y) * PART + (f32(slice - below) + part) * gap;
}

// A colour (times its weight) in the light. Twin: render/cpu/rendering/lighting.rs.
fn lit(layer: u32, glow: vec3<f32>, weight: f32, gradient: vec3<f32>, voxel: vec3<f32>, sight: vec3<f32>) -> vec3<f32> {
    let look = &looks[layer];
    if (*look).is_shaded == 0u {
        return glow;
    }
    let magnitude = length(gradient);
    let has_normal = magnitude > 0.0;
    let normal = select(vec3<f32>(0.0), gradient / max(magnitude, 1e-37), has_normal);
    var cosine = abs(dot(normal, sight));
    var glossy = cosine;
    if any(view.light != vec3<f32>(0.0)) {
        let half = view.light - sight;
        cosine = abs(dot(normal, view.light));
        glossy = abs(dot(normal, half)) / max(length(half), 1e-9);
    }
    var strength = select(0.0, 1.0, has_normal);
    if has_normal && magnitude < (*look).even_below {
        strength = magnitude / (*look).even_below;
    }
    var open = 1.0;
    var light = 1.0;
    if may(SOME_LIGHT) && (*look).has_light == 1u {
        let found = surroundings(layer, voxel, normal, sight);
        open = 1.0 - view.occlusion * (1.0 - found.x);
        light = 1.0 - view.shadow * (1.0 - found.y);
    }
    let own = open * ((*look).ambient + light * (*look).diffuse * (1.0 + strength * (cosine - 1.0)));
    let gloss = light * (*look).specular * strength * pow(min(glossy, 1.0), (*look).shininess);
    return own * glow + gloss * weight;
}

// Openness and light a little off a place, on the side that is seen.
fn surroundings(layer: u32, voxel: vec3<f32>, normal: vec3<f32>, sight: vec3<f32>) -> vec2<f32> {
    var outward = select(normal, -normal, dot(normal, sight) > 0.0);
    if all(normal == vec3<f32>(0.0)) {
        outward = -sight;
    }
    let body = &view.bodies[layer];
    // The rows of gradients are the columns of places.
    let off = outward.x * (*body).normal_x.xyz + outward.y * (*body).normal_y.xyz + outward.z * (*body).normal_z.xyz;
    return light_at(layer, voxel + looks[layer].off_mm * off);
}

fn voxel_of(place: Place) -> vec3<f32> {
    return vec3<f32>(place.voxel) + place.part;
}

// Puts a crossing among the others, by how far along it lies.
fn cross(segment: ptr<function, Segment>, crossing: Crossing) {
    if (*segment).crossings == MOST_SURFACES {
        return;
    }
    var n = (*segment).crossings;
    while n > 0u && crossings[n - 1u].at > crossing.at {
        crossings[n] = crossings[n - 1u];
        n--;
    }
    crossings[n] = crossing;
    (*segment).crossings++;
}

// A face that a cut opens: the innermost surface that the value reaches, lit evenly.
fn open_face(segment: ptr<function, Segment>, layer: u32, value: f32, at: f32) {
    let look = &looks[layer];
    for (var n = surfaces_of(layer); n > 0u; n--) {
        let first = (*look).first_surface + 2u * n - 1u;
        if value >= entries[first + 1u].x {
            let surface = entries[first];
            var color = surface.xyz;
            if (*look).is_shaded == 1u {
                color *= (*look).ambient + (*look).diffuse;
            }
            cross(segment, Crossing(at, view.bodies[layer].weight * surface.w, color));
            return;
        }
    }
}

// The surfaces of a layer between two places `from_k` and `to_k` of the segment that begins at sample `k`.
fn faces(
    segment: ptr<function, Segment>,
    layer: u32,
    ray: Ray,
    k: f32,
    within: vec2<f32>,
    ends: array<End, 2>,
    sight: vec3<f32>,
) {
    if is_none(ends[0].value) || is_none(ends[1].value) {
        return;
    }
    let from_k = clamp(k, within.x, within.y);
    let to_k = clamp(k + 1.0, within.x, within.y);
    let slope = volumes[layer].rescale_slope;
    let intercept = volumes[layer].rescale_intercept;
    let a = slope * ends[0].value + intercept;
    let b = slope * ends[1].value + intercept;
    let left = vec2<f32>(ends[0].left, ends[1].left);
    if k <= within.x && left.x >= 0.5 {
        open_face(segment, layer, a, from_k - k);
    }
    if (left.x >= 0.5) != (left.y >= 0.5) {
        let part = (0.5 - left.x) / (left.y - left.x);
        open_face(segment, layer, a + part * (b - a), from_k - k + part * (to_k - from_k));
    }
    if k + 1.0 >= within.y && left.y >= 0.5 {
        open_face(segment, layer, b, to_k - k);
    }
    let count = surfaces_of(layer);
    for (var n = 0u; n < count; n++) {
        let first = looks[layer].first_surface + 2u * n + 1u;
        let threshold = entries[first + 1u].x;
        if (a >= threshold) == (b >= threshold) {
            continue;
        }
        let surface = entries[first];
        let at = from_k + (threshold - a) / (b - a) * (to_k - from_k);
        let place = place_along(layer, ray, at);
        let depth = view.bodies[layer].weight * surface.w * 0.5 * (left.x + left.y);
        let color = lit(layer, surface.xyz, 1.0, gradient_at(layer, place), voxel_of(place), sight);
        cross(segment, Crossing(clamp(at - k, 0.0, 1.0), depth, color));
    }
}

// The fog of a layer between two places.
fn fog(
    segment: ptr<function, Segment>,
    layer: u32,
    ray: Ray,
    to_k: f32,
    length_mm: f32,
    ends: array<End, 2>,
    sight: vec3<f32>,
) {
    let is_labels = kind_of(layer) == LABELS;
    var sends = vec4<f32>(0.0);
    if is_labels {
        sends = 0.5 * (ends[0].sends + ends[1].sends);
    } else if !is_none(ends[0].value) && !is_none(ends[1].value) {
        sends = between(layer, ends[0].value, ends[1].value);
    }
    sends *= length_mm * view.bodies[layer].weight * 0.5 * (ends[0].left + ends[1].left);
    if sends.x <= 0.0 {
        return;
    }
    let place = place_along(layer, ray, to_k);
    var gradient = vec3<f32>(0.0);
    if is_labels {
        gradient = in_scene(layer, ends[1].slope, held(layer, place));
    } else if may(SOME_SHADED | SOME_FACTOR) {
        gradient = gradient_at(layer, place);
    }
    if may(SOME_FACTOR) {
        sends *= factor_at(layer, length(gradient));
    }
    if may(SOME_TINT) && looks[layer].tint < 4u {
        sends = tinted(layer, vec3<f32>(ray.whole) + along(ray, to_k), sends);
    }
    if sends.x <= 0.0 {
        return;
    }
    (*segment).depth += sends.x;
    (*segment).glow += lit(layer, sends.yzw, sends.x, gradient, voxel_of(place), sight);
}

// What labels make of tissue.
fn tinted(layer: u32, position: vec3<f32>, sends: vec4<f32>) -> vec4<f32> {
    let look = &looks[layer];
    let at = vec4<f32>(position, 1.0);
    let there = vec3<f32>(dot((*look).tint_x, at), dot((*look).tint_y, at), dot((*look).tint_z, at));
    let before = clamp(floor(there), vec3<f32>(-NEVER), vec3<f32>(NEVER));
    let ray = Ray(vec3<i32>(before), there - before, vec3<f32>(0.0), 0.0, 0.0, 0.0, vec2<f32>(0.0));
    let found = around(layer, (*look).tint, place_along((*look).tint, ray, 0.0));
    let others = 1.0 - found.part;
    let factor = found.style.w + others * (*look).others;
    return factor * vec4<f32>(sends.x, sends.x * found.style.xyz + others * sends.yzw);
}

// Lets a part of the fog of a segment, or one surface, hold back light.
fn take(light: ptr<function, Gathered>, depth: f32, glow: vec3<f32>) {
    if depth <= 0.0 {
        return;
    }
    let passes = exp(-depth);
    (*light).rgb += (*light).through * (1.0 - passes) / depth * glow;
    (*light).through *= passes;
}

fn mix_in(light: ptr<function, Gathered>, segment: Segment) {
    var from_part = 0.0;
    if may(SOME_SURFACES) {
        for (var n = 0u; n < segment.crossings; n++) {
            let crossing = crossings[n];
            let part = max(crossing.at - from_part, 0.0);
            take(light, segment.depth * part, segment.glow * part);
            take(light, crossing.depth, crossing.color * crossing.depth);
            from_part = max(from_part, crossing.at);
        }
    }
    let part = max(1.0 - from_part, 0.0);
    take(light, segment.depth * part, segment.glow * part);
}

// The distance, in cells, from a cell to the nearest in which something can be seen.
fn distance_of(layer: u32, cell: vec3<i32>) -> i32 {
    return i32(round(cell_bounds(layer, cell).x * 255.0));
}

// The last sample, `k` or later, up to which a layer shows nothing from sample `k` on.
fn clear_to(layer: u32, ray: Ray, k: f32, within: vec2<f32>) -> f32 {
    if within.x >= within.y || k >= within.y {
        return NEVER;
    }
    let is_open = kind_of(layer) == SURFACES;
    if k + 1.0 <= within.x {
        return floor(within.x);
    }
    // A surface is open where the ray enters and leaves its body.
    if is_open && (k <= within.x || k + 1.0 >= within.y) {
        return k;
    }
    let at = clamp(k, within.x, within.y);
    let cell = cell_of(layer, place_along(layer, ray, at).voxel);
    let distance = distance_of(layer, cell);
    if distance == 0 {
        return k;
    }
    var clear = k;
    if has(layer, UNEVEN) {
        let next = cell_of(layer, place_along(layer, ray, min(k + 1.0, within.y)).voxel);
        let apart = abs(next - cell);
        clear = select(k, k + 1.0, max(apart.x, max(apart.y, apart.z)) < distance);
    } else {
        let low = (cell - distance + 1) * CELL;
        let high = (cell + distance) * CELL;
        let border = vec3<f32>(select(low, high, ray.step > vec3<f32>(0.0)) - ray.whole);
        let is_still = abs(ray.step) < vec3<f32>(1e-9);
        let samples = select((border - along(ray, at)) / ray.step, vec3<f32>(NEVER), is_still);
        let ahead = max(min(samples.x, min(samples.y, samples.z)) - 1e-3, 0.0);
        clear = max(floor(at + ahead), k);
        // Beyond the volume's ends there is nothing to be seen, whatever the cells say.
        if at + ahead >= within.y {
            clear = NEVER;
        }
    }
    if is_open {
        clear = min(clear, ceil(within.y) - 1.0);
    }
    return clear;
}

// Of each layer: the ray among its voxels, the samples between which it is in the volume, and what is known of
// the place of the last sample. Layers are named by constants throughout: loops over them would cost some
// devices a search at every access.
var<private> rays: array<Ray, 4>;
var<private> within: array<vec2<f32>, 4>;
var<private> last_end: array<End, 4>;

// Gives the samples at which a layer begins and ends.
fn begin(layer: u32, pixel: vec2<u32>) -> vec2<f32> {
    rays[layer] = ray_of(layer, pixel);
    within[layer] = stretch(layer, rays[layer]);
    if within[layer].x < within[layer].y {
        return within[layer];
    }
    return vec2<f32>(NEVER, -NEVER);
}

// Adds what a layer does between samples `k` and `k + 1`.
fn add(segment: ptr<function, Segment>, layer: u32, k: f32, is_known: bool, sight: vec3<f32>) {
    let ray = rays[layer];
    let from_k = clamp(k, within[layer].x, within[layer].y);
    let to_k = clamp(k + 1.0, within[layer].x, within[layer].y);
    if from_k >= to_k {
        return;
    }
    if !is_known || from_k > k {
        last_end[layer] = end_at(layer, ray, from_k);
    }
    let ends = array<End, 2>(last_end[layer], end_at(layer, ray, to_k));
    last_end[layer] = ends[1];
    if kind_of(layer) == SURFACES {
        faces(segment, layer, ray, k, within[layer], ends, sight);
    } else {
        fog(segment, layer, ray, to_k, (to_k - from_k) * view.step_mm, ends, sight);
    }
}

fn rendered(pixel: vec2<u32>) -> Gathered {
    var light = Gathered(vec3<f32>(0.0), 1.0);
    if frame.layers == 0u {
        return light;
    }
    let all = begin_all(pixel);
    let sight = sight_of(pixel);
    var k = floor(all.x);
    let end = ceil(all.y);
    var is_known = false;
    while k < end && light.through >= DARK {
        if view.skips == 1u {
            let clear = all_clear_to(k);
            if clear > k {
                k = clear;
                is_known = false;
                continue;
            }
        }
        var segment = Segment(0.0, vec3<f32>(0.0), 0u);
        add_all(&segment, k, is_known, sight);
        mix_in(&light, segment);
        is_known = true;
        k += 1.0;
    }
    return light;
}

// Away from the viewer, in the scene's patient space.
fn sight_of(pixel: vec2<u32>) -> vec3<f32> {
    if view.eye_mm == 0.0 {
        return view.sight;
    }
    let from_eye = view.eye_away + f32(pixel.x) * view.right_mm + f32(pixel.y) * view.down_mm;
    return normalize(from_eye);
}

@compute @workgroup_size(8, 8)
fn picture(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= frame.size) {
        return;
    }
    let pixel = frame.first + id.xy;
    let light = rendered(pixel);
    let below = vec3<f32>(lowest_color(pixel));
    let color = min(255.0 * light.rgb + light.through * below, vec3<f32>(255.0));
    store_color(pixel, vec3<u32>(floor(color + 0.5)));
}

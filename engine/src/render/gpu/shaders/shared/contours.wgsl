// Lines along which the values at the pixels are equal. Twin: render/cpu/contours.rs.
// In: stored values of a tile of pixels and those around it, what lies below. Out: colours, mixed with those below.
const GROUP: u32 = 8u;

// Room for a group's pixels and nine more to each side, from where the widest line may reach them.
var<workgroup> tile: array<f32, 676>;

// A straight piece of a line: from `a` to `b`, in pixels.
struct Segment {
    a: vec2<f32>,
    b: vec2<f32>,
}

fn square_of_distance(segment: Segment) -> f32 {
    let along = segment.b - segment.a;
    let square = dot(along, along);
    var part = 0.0;
    if square > 0.0 {
        part = clamp(dot(-segment.a, along) / square, 0.0, 1.0);
    }
    let away = segment.a + part * along;
    return dot(away, away);
}

// The square of the distance of the pixel at 0, 0 to the lines through a square whose corners, clockwise from
// the upper left at `place`, are so far above the level.
fn square_to_lines(place: vec2<f32>, over: vec4<f32>) -> f32 {
    let inside = over >= vec4<f32>(0.0);
    let crossed = inside != inside.yzwx;
    if !any(crossed) {
        return INFINITE;
    }
    let change = over - over.yzwx;
    let along = over / select(vec4<f32>(1.0), change, crossed);
    var at = array<vec2<f32>, 4>(
        place + vec2<f32>(along.x, 0.0),
        place + vec2<f32>(1.0, along.y),
        place + vec2<f32>(1.0 - along.z, 1.0),
        place + vec2<f32>(0.0, 1.0 - along.w),
    );
    if all(crossed) {
        // The second and fourth corner are cut off when the first is on the mean's side, else the others.
        let mean_is_inside = over.x + over.y + over.z + over.w >= 0.0;
        if inside.x == mean_is_inside {
            return min(
                square_of_distance(Segment(at[0], at[1])),
                square_of_distance(Segment(at[2], at[3])),
            );
        }
        return min(
            square_of_distance(Segment(at[3], at[0])),
            square_of_distance(Segment(at[1], at[2])),
        );
    }
    // Two sides are crossed.
    let first = select(select(2u, 1u, crossed.y), 0u, crossed.x);
    let last = select(select(1u, 2u, crossed.z), 3u, crossed.w);
    return square_of_distance(Segment(at[first], at[last]));
}

fn nearest_line(local: vec2<u32>) -> f32 {
    let side = GROUP + 2u * ramp.reach;
    var nearest = INFINITE;
    for (var j = 0u; j < 2u * ramp.reach; j++) {
        for (var i = 0u; i < 2u * ramp.reach; i++) {
            let first = (local.y + j) * side + local.x + i;
            let corners = vec4<f32>(tile[first], tile[first + 1u], tile[first + side + 1u], tile[first + side]);
            if !all(abs(corners) <= vec4<f32>(LARGEST)) {
                continue;
            }
            let place = vec2<f32>(vec2<i32>(vec2<u32>(i, j)) - i32(ramp.reach));
            for (var n = 0u; n < ramp.levels; n++) {
                let level = bitcast<f32>(colors[ramp.first_level + n]);
                // Held so that no difference of two is infinite.
                let over = clamp((corners - level) * ramp.sign, vec4<f32>(-1e37), vec4<f32>(1e37));
                nearest = min(nearest, square_to_lines(place, over));
            }
        }
    }
    return nearest;
}

@compute @workgroup_size(8, 8)
fn contours(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let side = GROUP + 2u * ramp.reach;
    let corner = vec2<i32>(frame.first + group.xy * GROUP) - i32(ramp.reach);
    for (var n = lane; n < side * side; n += GROUP * GROUP) {
        let there = corner + vec2<i32>(vec2<u32>(n % side, n / side));
        tile[n] = NONE;
        if all(there >= vec2<i32>(0)) && all(there < vec2<i32>(frame.image)) {
            tile[n] = layer_value(vec2<u32>(there));
        }
    }
    workgroupBarrier();
    if any(id.xy >= frame.size) {
        return;
    }
    let pixel = frame.first + id.xy;
    let distance = sqrt(nearest_line(local.xy));
    let cover = min(distance + 0.5, ramp.half_width) - max(distance - 0.5, -ramp.half_width);
    let weight = part_of(weight_at(pixel), cover);
    store_color(pixel, mixed(lowest_color(pixel), split(ramp.line_color), weight));
}

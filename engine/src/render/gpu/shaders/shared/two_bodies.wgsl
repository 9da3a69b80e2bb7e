// A rendering of one or two layers. In, out: as rendering.wgsl, of which it is a part.
fn begin_all(pixel: vec2<u32>) -> vec2<f32> {
    let all = begin(0u, pixel);
    if LAYERS == 1u {
        return all;
    }
    let next = begin(1u, pixel);
    return vec2<f32>(min(all.x, next.x), max(all.y, next.y));
}

fn all_clear_to(k: f32) -> f32 {
    let clear = clear_to(0u, rays[0], k, within[0]);
    if LAYERS == 1u || clear <= k {
        return clear;
    }
    return min(clear, clear_to(1u, rays[1], k, within[1]));
}

fn add_all(segment: ptr<function, Segment>, k: f32, is_known: bool, sight: vec3<f32>) {
    add(segment, 0u, k, is_known, sight);
    if LAYERS > 1u {
        add(segment, 1u, k, is_known, sight);
    }
}
